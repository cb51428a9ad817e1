"""A caller and its limits. Values only."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a caller may have; None for as much as there is.

    Attributes:
        requests: a minute.
        tokens: a day, those of prompts and those of answers.
        concurrency: calls at once.
        budget: money a day, in the currency of ``GROUNDWORK_PRICES``.
    """

    requests: int | None = None
    tokens: int | None = None
    concurrency: int | None = None
    budget: float | None = None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        id: public id of its key; without keys, its address.
        tenant: whose answers, conversations and messages it shares; empty without keys.
        scopes: what it may ask: features by name, ``batches``; None for all.
        is_admin: whether it may read what is for whoever runs the service.
    """

    id: str
    tenant: str = ""
    scopes: frozenset[str] | None = None
    limits: Limits = NO_LIMITS
    is_admin: bool = False

    def may(self, scope: str) -> bool:
        """Whether it may ask this feature."""
        return self.scopes is None or scope in self.scopes


OPERATOR: Final = Caller("operator", is_admin=True)
"""Who calls in process: the command line, an evaluation, a test."""
