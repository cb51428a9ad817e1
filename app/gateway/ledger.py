"""Where a request's time went: queue, upstream, or our own work."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Literal

Kind = Literal["queue", "upstream"]


class Ledger:
    """Splits the wall time of one request into queue, upstream and own; the parts sum up.

    A request may wait for several calls at once: as long as one of them is upstream the time
    is upstream's, else if one is queued it is the queue's, else it is our own.
    """

    __slots__ = ("_active", "_mark", "_spent")

    def __init__(self) -> None:
        self._active = {"queue": 0, "upstream": 0}
        self._spent = {"queue": 0.0, "upstream": 0.0, "own": 0.0}
        self._mark = perf_counter()

    def _settle(self) -> None:
        now = perf_counter()
        active = self._active
        kind = "upstream" if active["upstream"] else "queue" if active["queue"] else "own"
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
        """Seconds so far by kind: ``queue``, ``upstream``, ``own``."""
        self._settle()
        return dict(self._spent)

    def server_timing(self) -> str:
        """Value of a ``Server-Timing`` header (W3C), in milliseconds."""
        return ", ".join(f"{kind};dur={spent * 1000:.1f}" for kind, spent in self.spent().items())


_current: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


def open_ledger() -> Ledger:
    """Start the ledger of the request that this context serves."""
    ledger = Ledger()
    _current.set(ledger)
    return ledger


def current_ledger() -> Ledger:
    """The ledger of this context's request; a fresh one outside of any request."""
    return _current.get() or open_ledger()
