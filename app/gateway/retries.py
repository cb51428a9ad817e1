"""Whether a failed call is made again, and after which wait.

Looked at instead: stamina and tenacity, which know neither a deadline that may be put off, nor
``Retry-After``, nor a budget over all calls.
"""

import random
from typing import Final

from app.errors import GroundworkError

_BASE_SECONDS: Final = 0.1
_MOST_SECONDS: Final = 5.0
_BUDGET_TOKENS: Final = 500
_RETRY_COST: Final = 5
_SUCCESS_REFUND: Final = 1


class Retries:
    """Says when a call is made again, and keeps retries from becoming a load of their own.

    The budget is the token bucket of the AWS SDKs' "standard" retry mode: a retry costs 5
    tokens, and one that succeeds gives them back; a call that succeeds at once gives 1. So
    retries that fail again are at most a fifth of the calls that succeed, beyond a reserve of
    100, and when nothing succeeds there are soon none.
    """

    def __init__(self, most: int) -> None:
        """Make a call again at most ``most`` times."""
        self._most = most
        self.tokens = _BUDGET_TOKENS

    def wait(self, error: GroundworkError, *, made: int, left: float) -> float:
        """Seconds to wait before a call that failed is made again; it was ``made`` times before.

        What the upstream asks for with ``Retry-After`` is waited for to the letter; otherwise
        the wait is of full jitter (Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015).

        Raises:
            GroundworkError: ``error``, if it is not to be made again: it would not help, there
                were enough tries, ``left`` does not suffice, or the budget is spent.
        """
        most = min(_MOST_SECONDS, _BASE_SECONDS * 2**made)
        wait = error.retry_after or random.uniform(0, most)  # noqa: S311
        if not error.retryable or made >= self._most or wait >= left or self.tokens < _RETRY_COST:
            raise error
        self.tokens -= _RETRY_COST
        return wait

    def succeeded(self, *, made: int) -> None:
        """A call succeeded in the end, having been made again ``made`` times."""
        gain = _RETRY_COST if made else _SUCCESS_REFUND
        self.tokens = min(_BUDGET_TOKENS, self.tokens + gain)
