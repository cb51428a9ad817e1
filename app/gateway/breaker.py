"""A circuit breaker: what is known to be down is not asked, but for one probe in a while.

Looked at instead: pybreaker (threads), aiobreaker (last release 2021), purgatory (a breaker by
name in a store, no rate of failures), circuitbreaker (counts failures in a row only, which says
little when 64 calls are under way). Ours is a window of outcomes, as in Resilience4j.
"""

from collections import deque
from enum import StrEnum
from time import monotonic
from typing import Final

from app.errors import (
    CircuitOpen,
    GroundworkError,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
)
from app.gateway.call import Clock

_WINDOW: Final = 50  # outcomes
_LEAST: Final = 20  # outcomes before anything is concluded
_FAILED_SHARE: Final = 0.8
_OUTCOME_COUNTS_SECONDS: Final = 30.0
_OPEN_SECONDS: Final = 5.0


class BreakerState(StrEnum):
    """``half_open``: one call is let through to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens when most of the last calls failed; half-opens after a pause.

    A failure is a server that cannot be reached, breaks, is down, or does not answer in the time that
    the operator allows: callers with less patience say nothing of it. One that limits the rate or
    rejects a call is alive.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=_WINDOW)
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._left(self._opened_at) > 0 else BreakerState.HALF_OPEN

    def enter(self) -> bool:
        """Ask leave to call; whether as the probe. ``CircuitOpen`` if there is no leave."""
        self.check()
        self._probing = self._opened_at is not None
        return self._probing

    def check(self) -> None:
        """Fail at once where :meth:`enter` would, without taking the probe."""
        if self._opened_at is None:
            return
        left = self._left(self._opened_at)
        if left > 0 or self._probing:
            msg = "The model server failed most of the last calls; it is not asked for a while."
            raise CircuitOpen(msg, retry_after=max(1.0, left))

    def _left(self, opened_at: float) -> float:
        return opened_at + _OPEN_SECONDS - self._clock()

    def leave(self, *, probe: bool, error: BaseException | None) -> None:
        """Report how a call ended that :meth:`enter` let through; ``error`` None for well."""
        if probe:
            self._probing = False
        failed = _is_failure(error)
        if failed is None or not (probe or self._opened_at is None):
            return
        now, outcomes = self._clock(), self._outcomes
        if probe:
            self._opened_at = now if failed else None
            outcomes.clear()
            return
        outcomes.append((now, failed))
        if failed:
            while outcomes[0][0] < now - _OUTCOME_COUNTS_SECONDS:
                outcomes.popleft()
            failures = sum(failed for _, failed in outcomes)
            if len(outcomes) >= _LEAST and failures >= _FAILED_SHARE * len(outcomes):
                self._opened_at = now


def _is_failure(error: BaseException | None) -> bool | None:
    """Whether a call's end speaks against the server; None if it says nothing of it."""
    if error is None:
        return False
    if isinstance(error, UpstreamRateLimited) or not isinstance(error, GroundworkError):
        return None
    return isinstance(error, UpstreamError) and not isinstance(error, UpstreamRejected)
