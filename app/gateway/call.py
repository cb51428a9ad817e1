"""One request to the service, as the gateway sees it: who asks, how long, and what became of it.

What it says of cached answers is read as RFC 9111 says, what it is told of them is
``Cache-Status`` (RFC 9211), where its time went ``Server-Timing`` (W3C).
"""

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Final, Literal

from app.callers.caller import OPERATOR, Caller
from app.callers.limits import Allowance
from app.errors import DeadlineExceeded, GroundworkError

Clock = Callable[[], float]
"""Tells the time in seconds, from any moment on. All of the gateway's time is of one clock."""

Kind = Literal["upstream", "queue", "backoff"]

_MAX_AGE: Final = re.compile(r'max-age="?(\d{1,9})"?')


@dataclass(frozen=True, slots=True)
class CacheWishes:
    """A request's ``Cache-Control``; ``max_age``, in seconds, is of a stored answer that will do."""

    may_read: bool = True
    may_store: bool = True
    max_age: int | None = None


NO_WISHES: Final = CacheWishes()


def read_cache_control(value: str) -> CacheWishes:
    """Read the header; what is unknown or malformed is ignored (RFC 9111, section 5.2)."""
    directives = [part.strip().lower() for part in value.split(",")]
    ages = [int(found[1]) for part in directives if (found := _MAX_AGE.fullmatch(part))]
    no_store = "no-store" in directives
    return CacheWishes(
        may_read=not no_store and "no-cache" not in directives,
        may_store=not no_store,
        max_age=min(ages, default=None),
    )


class CacheOutcome(StrEnum):
    """Where an answer came from, as ``Cache-Status`` says it; the worst comes first."""

    BYPASS = "fwd=bypass"  # there is no cache
    REQUEST = "fwd=request"  # the request asked for a fresh one
    STORED = "fwd=miss; stored"
    COLLAPSED = "fwd=miss; collapsed"  # shared with an identical request that was under way
    HIT = "hit"


def cache_status(outcomes: Sequence[CacheOutcome]) -> str:
    """Value of ``Cache-Status`` for a response made of one or more calls: the worst of them."""
    return f"Groundwork; {next(outcome for outcome in CacheOutcome if outcome in outcomes)}"


class Call:
    """One request to the service.

    Its wall time is split into kinds that sum up. It may wait for several answers at once: as
    long as one of them is upstream the time is upstream's, else if one is queued it is the
    queue's, else if one waits to be tried again it is the backoff's, else it is our own.
    """

    def __init__(
        self,
        *,
        caller: Caller = OPERATOR,
        tenant: bytes = b"",
        cache: CacheWishes = NO_WISHES,
        timeout: float | None = None,
        background: bool = False,
        clock: Clock = monotonic,
    ) -> None:
        self.caller = caller
        self.tenant = tenant  # tells its answers from others'; without keys, ``Authorization``
        self.cache = cache
        self.timeout = timeout  # seconds for the whole request; None for the operator's
        self.background = background  # nobody waits: it takes what others leave
        self.clock = clock
        self.started = self._mark = clock()
        self.allowance: Allowance | None = None  # None: as much as it likes
        self.outcomes: list[CacheOutcome] = []  # of its prompts
        self.repairs = 0  # how often the model was asked to put an output right
        self.answered_by = ""  # the model, if it is not the base model
        self.conversation_id: str | None = None
        self.problem: type[GroundworkError] | None = None  # the error itself holds the request
        self._active: dict[Kind, int] = {"upstream": 0, "queue": 0, "backoff": 0}
        self._spent = {"queue": 0.0, "backoff": 0.0, "upstream": 0.0, "own": 0.0}

    def enter(self, caller: Caller) -> None:
        """Say who sent it."""
        self.caller = caller
        if caller.tenant:
            self.tenant = caller.tenant.encode()

    def spending(self, kind: Kind) -> "_Spending":
        """Count the time inside the block as ``kind``."""
        return _Spending(self, kind)

    def count(self, kind: Kind, more: int) -> None:
        """From now on, ``more`` of what it waits for is of this kind."""
        self._settle()
        self._active[kind] += more

    def _settle(self) -> None:
        now, kind = self.clock(), "own"
        for active in self._active:
            if self._active[active]:
                kind = active
                break
        self._spent[kind] += now - self._mark
        self._mark = now

    def spent(self) -> dict[str, float]:
        """Seconds so far by kind: ``queue``, ``backoff``, ``upstream``, ``own``."""
        self._settle()
        return dict(self._spent)

    def server_timing(self) -> str:
        """Value of a ``Server-Timing`` header, in milliseconds, and the number of repairs."""
        spent = ", ".join(f"{kind};dur={spent * 1000:.1f}" for kind, spent in self.spent().items())
        return f'{spent}, repair;desc="{self.repairs}"' if self.repairs else spent


class _Spending:
    __slots__ = ("_call", "_kind")

    def __init__(self, call: Call, kind: Kind) -> None:
        self._call = call
        self._kind: Kind = kind

    def __enter__(self) -> None:
        self._call.count(self._kind, 1)

    def __exit__(self, *_: object) -> None:
        self._call.count(self._kind, -1)


class Deadline:
    """A moment that a call has to be over by, on its clock."""

    __slots__ = ("at", "call")

    def __init__(self, call: Call, at: float) -> None:
        self.call = call
        self.at = at

    def remaining(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self.at - self.call.clock()

    def exceeded(self) -> DeadlineExceeded:
        """The error for a request that ran out of time, with what was spent where."""
        spent = self.call.spent()
        return DeadlineExceeded(
            "The request's time does not suffice for an answer; "
            f"{sum(spent.values()):.2f} s are spent.",
            members={"spent_seconds": {kind: round(seconds, 3) for kind, seconds in spent.items()}},
        )


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def set_call(call: Call) -> None:
    """Name the request that this context serves."""
    _current.set(call)


def current_call(clock: Clock = monotonic) -> Call:
    """This context's request; outside of any, a new one each time."""
    return _current.get() or Call(clock=clock)
