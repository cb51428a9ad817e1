"""When a failed call is made again: after which wait, how often, and for how much traffic.

Looked at instead: stamina and tenacity, which know neither a deadline that may be put off, nor
``Retry-After``, nor a budget over all calls.
"""

import asyncio
import random
from typing import Final

from app.errors import GroundworkError
from app.gateway.deadline import Deadline
from app.gateway.ledger import Ledger

_BASE_SECONDS: Final = 0.1
_MOST_SECONDS: Final = 5.0
_BUDGET_TOKENS: Final = 500
_RETRY_COST: Final = 5
_SUCCESS_REFUND: Final = 1


class RetryBudget:
    """Keeps retries from becoming a load of their own.

    The token bucket of the AWS SDKs' "standard" retry mode: a retry costs 5 tokens, and one that
    succeeds gives them back; a call that succeeds at once gives 1. So retries that fail again
    are at most a fifth of the calls that succeed, beyond a reserve of 100, and when nothing
    succeeds there are soon none.
    """

    def __init__(self, tokens: int = _BUDGET_TOKENS) -> None:
        self._most = tokens
        self.tokens = tokens

    def take(self) -> bool:
        """Pay for a retry; False if there is nothing left to pay with."""
        if self.tokens < _RETRY_COST:
            return False
        self.tokens -= _RETRY_COST
        return True

    def succeeded(self, *, retried: bool) -> None:
        """A call succeeded, at once or when it was made again."""
        gain = _RETRY_COST if retried else _SUCCESS_REFUND
        self.tokens = min(self._most, self.tokens + gain)


class Retries:
    """The retries of one call."""

    def __init__(self, budget: RetryBudget, *, most: int, deadline: Deadline) -> None:
        self._budget = budget
        self._most = most
        self._deadline = deadline
        self._made = 0

    async def pause(self, error: GroundworkError, *, needed: float, ledger: Ledger) -> None:
        """Wait until the call may be made again.

        What the upstream asks for with ``Retry-After`` is waited for to the letter; otherwise
        the wait is of full jitter (Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015).

        Args:
            error: how the call failed.
            needed: seconds that the next try needs at least.
            ledger: where the wait is accounted.

        Raises:
            GroundworkError: ``error``, if it is not to be made again: it would not help, there
                were enough tries, the time does not suffice, or the budget is spent.
        """
        wait = error.retry_after or _jittered(self._made)
        fits = wait + needed < self._deadline.remaining()
        if not (error.retryable and self._made < self._most and fits and self._budget.take()):
            raise error
        self._made += 1
        with ledger.spending("backoff"):
            await asyncio.sleep(wait)

    def succeeded(self) -> None:
        """The call succeeded in the end."""
        self._budget.succeeded(retried=self._made > 0)


def _jittered(made: int) -> float:
    return random.uniform(0, min(_MOST_SECONDS, _BASE_SECONDS * 2**made))  # noqa: S311
