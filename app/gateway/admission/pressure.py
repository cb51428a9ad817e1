"""Whether calls keep coming faster than they are answered."""

from collections import Counter
from typing import Final

_RATIO: Final = 1.25
_LEAST_WINDOW_SECONDS: Final = 1.0


class Pressure:
    """High when in two windows in a row a queue stood and more came than was answered.

    It stays high until that is over, though the queue is then short, and empty at times.
    Callers who wait for their answers before they ask again never make it high for long,
    however many they are; they slow down with the service. Who makes it is told from the others by
    :meth:`is_made_by`.
    """

    def __init__(self, now: float) -> None:
        self._ends = now
        self._arrived: Counter[str] = Counter()  # by caller
        self._before: Counter[str] = Counter()  # likewise, in the window before
        self._arrivals = self._arrivals_before = self._answered = 0
        self._stood = True
        self._pressed = 0

    @property
    def high(self) -> bool:
        return self._pressed > 1

    def is_made_by(self, caller: str) -> bool:
        """Whether a caller asks for no less than callers do on average."""
        own = self._arrived[caller] + self._before[caller]
        callers = max(len(self._arrived), len(self._before))
        return own * callers >= self._arrivals + self._arrivals_before

    def arrived(self, caller: str, now: float, latency: float, *, standing: bool) -> None:
        """A call came; ``standing``: to a queue. ``latency`` of calls makes the window's length."""
        if now >= self._ends:
            faster = self._arrivals > _RATIO * max(1, self._answered)
            pressed = faster and (self._stood or self.high)
            self._pressed = self._pressed + 1 if pressed else 0
            self._ends = now + max(_LEAST_WINDOW_SECONDS, 2 * latency)
            self._before, self._arrivals_before = self._arrived, self._arrivals
            self._arrived, self._arrivals, self._answered = Counter(), 0, 0
            self._stood = True
        self._arrived[caller] += 1
        self._arrivals += 1
        self._stood = self._stood and (standing or self._arrivals == 1)

    def answered(self) -> None:
        """A call was answered."""
        self._answered += 1
