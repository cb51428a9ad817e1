"""How many calls the model server can take at once, found out from its latency."""

from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Final

_LEAST_SAMPLES: Final = 10
_LEAST_SAMPLES_OF_KIND: Final = 5
_WINDOWS_REMEMBERED: Final = 60
_PROBE_EVERY_WINDOWS: Final = 50
_TOLERANCE: Final = 1.1
_SLACK_SECONDS: Final = 0.05  # what says nothing of a model: our own event loop is as slow at times
_GROWTH: Final = 0.1
_CLEAR: Final = 0.75  # a gradient below is no noise, and is followed at once
_REFUSED_SHARE: Final = 0.2
_BACK_OFF: Final = 0.8
_WORK_OFFSET: Final = 16  # output tokens that reading a prompt is worth, about


@dataclass(slots=True)
class _Kind:
    """Latencies of one kind of call, in seconds for one unit of work."""

    window: list[float] = field(default_factory=list[float])
    works: list[float] = field(default_factory=list[float])
    means: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOWS_REMEMBERED))


class AdaptiveLimit:
    """A limit of concurrent calls between ``least`` and ``most``.

    The gradient algorithm, as in Netflix's concurrency-limits and Envoy's adaptive concurrency:
    after each window of samples the limit is multiplied by *unloaded latency / latency*, or
    grows a little while they are the same. Ours differs where models do: latency is counted for
    each output token and kind of call, as a long answer is no sign of load; unloaded is the
    least mean of the last windows, for which the limit is halved for one window in a while (as
    BBR does for its least round trip); and it doubles until it has first met resistance (slow
    start). Calls that the server refuses (429, 503, 529) shrink it as in AIMD.
    """

    def __init__(self, *, initial: int, most: int, least: int = 1) -> None:
        self._least = least
        self.most = most
        self._limit = float(min(max(initial, least), most))
        self._kinds: dict[Hashable, _Kind] = defaultdict(_Kind)
        self._samples = 0
        self._refused = 0
        self._most_wanted = 0
        self._slow_start = True
        self._before_probe: float | None = None
        self._windows = 0

    @property
    def value(self) -> int:
        """Calls that may be under way at once."""
        return int(self._limit)

    def succeeded(
        self, kind: Hashable, seconds: float, tokens: int, *, in_flight: int, wanted: int
    ) -> None:
        """Take a sample: a call that took ``seconds`` for ``tokens`` of output.

        Args:
            kind: only calls of a kind are compared.
            seconds: for a stream, those to its first token.
            tokens: 0 for a stream.
            in_flight: calls under way when it began.
            wanted: calls under way, and those that waited for a place, when it ended.
        """
        if in_flight > self.value:
            return  # it says how the server is under the limit of then, not of now
        work = float(_WORK_OFFSET + tokens)
        of_kind = self._kinds[kind]
        of_kind.window.append(seconds / work)
        of_kind.works.append(work)
        self._count(wanted)

    def refused(self) -> None:
        """The server refused a call because it has too many."""
        self._refused += 1
        self._count(0)

    def _count(self, wanted: int) -> None:
        self._samples += 1
        self._most_wanted = max(self._most_wanted, wanted)
        if self._samples >= max(_LEAST_SAMPLES, self.value):
            self._close_window()

    def _close_window(self) -> None:
        gradient = self._gradient()
        busy = self._most_wanted >= 0.8 * self.value
        if self._refused > _REFUSED_SHARE * self._samples:
            self._slow_start = False
            self._set(self._limit * _BACK_OFF)
        elif self._before_probe is not None:
            self._set(self._before_probe)
            self._before_probe = None
        elif gradient < 1:
            self._slow_start = False
            clear = gradient < _CLEAR
            self._set(self._limit * (max(0.5, gradient) if clear else (1 + gradient) / 2))
        elif busy:
            growth = self._limit if self._slow_start else max(1.0, _GROWTH * self._limit)
            self._set(self._limit + growth)
        self._windows += 1
        if busy and not self._slow_start and self._windows >= _PROBE_EVERY_WINDOWS:
            self._windows = 0
            self._before_probe = self._limit
            self._set(self._limit / 2)
        self._samples = self._refused = self._most_wanted = 0

    def _set(self, limit: float) -> None:
        self._limit = min(max(limit, self._least), self.most)

    def _gradient(self) -> float:
        """Unloaded latency by latency of the window just closed, at most 1; then forget it."""
        weighted = samples = 0.0
        for kind in self._kinds.values():
            count = len(kind.window)
            if count >= _LEAST_SAMPLES_OF_KIND:
                middle = _mean(kind.window)
                kind.means.append(middle)
                work = fmean(kind.works)
                unloaded = min(kind.means) * work * _TOLERANCE + _SLACK_SECONDS
                weighted += count * unloaded / max(unloaded, middle * work)
                samples += count
            kind.window.clear()
            kind.works.clear()
        return weighted / samples if samples else 1.0


def _mean(values: list[float]) -> float:
    """The mean, in which a straggler counts for no more than thrice the median."""
    most = 3 * median(values)
    return fmean(min(value, most) for value in values)
