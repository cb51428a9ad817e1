"""Whether calls keep coming faster than they are answered."""

from typing import Final

_RATIO: Final = 1.25
_LEAST_WINDOW_SECONDS: Final = 1.0


class Pressure:
    """High when in two windows in a row a queue stood and more came than was answered.

    It stays high until that is over, though the queue is then short, and empty at times.
    Callers who wait for their answers before they ask again never make it high for long,
    however many they are; they slow down with the service.
    """

    def __init__(self, now: float) -> None:
        self._ends = now
        self._arrived = 0
        self._answered = 0
        self._stood = True
        self._pressed = 0

    @property
    def high(self) -> bool:
        return self._pressed > 1

    def arrived(self, now: float, latency: float, *, standing: bool) -> None:
        """A call came; ``standing``: to a queue. ``latency`` of calls makes the window's length."""
        if now >= self._ends:
            faster = self._arrived > _RATIO * max(1, self._answered)
            pressed = faster and (self._stood or self.high)
            self._pressed = self._pressed + 1 if pressed else 0
            self._ends = now + max(_LEAST_WINDOW_SECONDS, 2 * latency)
            self._arrived = self._answered = 0
            self._stood = True
        self._arrived += 1
        self._stood = self._stood and (standing or self._arrived == 1)

    def answered(self) -> None:
        """A call was answered."""
        self._answered += 1
