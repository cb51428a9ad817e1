"""Who asks: what the caller of the current request wants, and what was spent on it so far."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from app.gateway.cache import CacheOutcome, CacheWishes
from app.gateway.ledger import Ledger

NO_WISHES: Final = CacheWishes()


@dataclass(slots=True)
class Caller:
    """One request to the service, as the gateway sees it.

    Attributes:
        timeout: seconds that the caller gives the whole request, from its start; None for as
            long as the operator allows.
        tenant: what tells this caller's answers from others' (its ``Authorization``).
        cache: what it says of cached answers.
        started: when the request began, on the monotonic clock.
        ledger: where its time went.
        outcomes: where the answers of its model calls came from.
    """

    timeout: float | None = None
    tenant: bytes = b""
    cache: CacheWishes = NO_WISHES
    started: float = field(default_factory=monotonic)
    ledger: Ledger = field(default_factory=Ledger)
    outcomes: list[CacheOutcome] = field(default_factory=list[CacheOutcome])


_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


def set_caller(caller: Caller) -> None:
    """Name the caller that this context serves."""
    _current.set(caller)


def current_caller() -> Caller:
    """This context's caller; outside of any request, a new one for each call."""
    return _current.get() or Caller()
