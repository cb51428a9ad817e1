"""Where a request's time went: queue, backoff, upstream, or our own work."""

from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, Literal

Kind = Literal["upstream", "queue", "backoff"]

_KINDS: Final[tuple[Kind, ...]] = ("upstream", "queue", "backoff")


class Ledger:
    """Splits the wall time of one request into its kinds and our own; the parts sum up.

    A request may wait for several calls at once: as long as one of them is upstream the time
    is upstream's, else if one is queued it is the queue's, else if one waits to be tried again
    it is the backoff's, else it is our own.
    """

    __slots__ = ("_active", "_mark", "_spent")

    def __init__(self) -> None:
        self._active: dict[Kind, int] = dict.fromkeys(_KINDS, 0)
        self._spent = {"queue": 0.0, "backoff": 0.0, "upstream": 0.0, "own": 0.0}
        self._mark = perf_counter()

    def _settle(self) -> None:
        now = perf_counter()
        active = self._active
        kind = next((kind for kind in _KINDS if active[kind]), "own")
        self._spent[kind] += now - self._mark
        self._mark = now

    @contextmanager
    def spending(self, kind: Kind) -> Generator[None]:
        """Count the time inside the block as ``kind``."""
        self._settle()
        self._active[kind] += 1
        try:
            yield
        finally:
            self._settle()
            self._active[kind] -= 1

    def spent(self) -> dict[str, float]:
        """Seconds so far by kind: ``queue``, ``backoff``, ``upstream``, ``own``."""
        self._settle()
        return dict(self._spent)

    def server_timing(self) -> str:
        """Value of a ``Server-Timing`` header (W3C), in milliseconds."""
        return ", ".join(f"{kind};dur={spent * 1000:.1f}" for kind, spent in self.spent().items())
