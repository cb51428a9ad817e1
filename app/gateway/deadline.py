"""How long a call may still take, and what is said when it takes longer."""

from dataclasses import dataclass
from time import monotonic

from app.errors import DeadlineExceeded
from app.gateway.caller import Caller
from app.gateway.ledger import Ledger
from app.gateway.prompt import PromptPrefix


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """The operator's limits, in seconds.

    Attributes:
        total: for a request, from its start to its end.
        first_token: for a stream, from the request's start to its first token.
        attempt: for one call to the model server; None for as long as the request has.
    """

    total: float = 60.0
    first_token: float = 30.0
    attempt: float | None = None


class Deadline:
    """A moment on the monotonic clock.

    It can be put off, since callers with more time may come to share a call that runs already.
    """

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at

    def remaining(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self.at - monotonic()

    def put_off(self, at: float) -> None:
        """Move it to ``at``, if that is later."""
        self.at = max(self.at, at)


def total_deadline(caller: Caller, prefix: PromptPrefix, limits: TimeLimits) -> float:
    """When ``caller``'s request must have ended: the feature's, operator's and caller's least."""
    seconds = min(limits.total, prefix.timeout or limits.total, caller.timeout or limits.total)
    return caller.started + seconds


def first_token_deadline(caller: Caller, prefix: PromptPrefix, limits: TimeLimits) -> float:
    """When ``caller``'s stream must have begun; at the latest when it must have ended."""
    seconds = min(limits.first_token, prefix.first_token_timeout or limits.first_token)
    return min(caller.started + seconds, total_deadline(caller, prefix, limits))


def exceeded(ledger: Ledger, what: str = "for an answer") -> DeadlineExceeded:
    """The error for a request that ran out of time, with what was spent where."""
    spent = ledger.spent()
    return DeadlineExceeded(
        f"The request's time does not suffice {what}; {sum(spent.values()):.2f} s are spent.",
        members={"spent_seconds": {kind: round(seconds, 3) for kind, seconds in spent.items()}},
    )
