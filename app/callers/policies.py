"""The limits of a caller as policies, and what is done for each request under them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from app.callers.caller import Limits
from app.callers.counters import DAY, MINUTE, Step
from app.settings import Settings

REQUESTS: Final = "requests"
TOKENS: Final = "tokens"
CONCURRENCY: Final = "concurrency"
BUDGET: Final = "budget"
MONEY: Final = 1_000_000_000  # parts of the currency's unit that budgets are counted in
_PER_MILLION: Final = MONEY // 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost; ``cached`` are those of the prompt that its cache gave."""

    input: float = 0
    output: float = 0
    cached: float = 0

    @classmethod
    def of(cls, settings: Settings) -> "Prices":
        """Those that the operator names."""
        named = settings.prices
        return cls(**{"cached": named.get("input", 0.0), **named})

    def cost(self, input_tokens: int, output_tokens: int, cached: int) -> int:
        """In billionths of the currency's unit."""
        fresh = (input_tokens - cached) * self.input
        return ceil(_PER_MILLION * (fresh + cached * self.cached + output_tokens * self.output))


FREE: Final = Prices()
Cost = Callable[[int, int, int], int]
"""What a policy counts of a call: of its input's tokens, its output's, and the input's out of a cache."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One limit.

    Attributes:
        name: as callers are told it.
        quota: as much as may be used.
        period: seconds after which that much may be used again; 0 for calls at once.
        unit: of the quota, as ``RateLimit-Policy`` names it.
        scale: how much of the quota is one of the numbers in headers, which are whole.
    """

    name: str
    quota: int
    period: int
    unit: str
    scale: int = 1


def policies_of(limits: Limits) -> tuple[Policy, ...]:
    """The limits that there are."""
    budget = None if limits.budget is None else round(limits.budget * MONEY)
    each = (
        (REQUESTS, limits.requests, MINUTE, "requests", 1),
        (TOKENS, limits.tokens, DAY, "tokens", 1),
        (BUDGET, budget, DAY, "millionths", MONEY // 1_000_000),
        (CONCURRENCY, limits.concurrency, 0, "concurrent-requests", 1),
    )
    return tuple(
        Policy(name, quota, period, unit, scale)
        for name, quota, period, unit, scale in each
        if quota is not None
    )


class Plan:
    """What is done for each request of callers with the same limits, made once."""

    def __init__(self, limits: Limits, prices: Prices) -> None:
        costs: dict[str, Cost] = {TOKENS: _tokens, BUDGET: prices.cost}
        self.concurrency = limits.concurrency
        self.counted = tuple(each for each in policies_of(limits) if each.period)
        self.metered = tuple(
            (each, costs[each.name]) for each in self.counted if each.name in costs
        )
        self.entering = tuple(
            Step(each.name, each.period, adds=1, at_most=each.quota - 1)
            if each.name == REQUESTS
            else Step(each.name, each.period)
            for each in self.counted
        )
        told = ", ".join(map(_told, policies_of(limits))).encode()
        self.header = (b"ratelimit-policy", told)


def _tokens(input_tokens: int, output_tokens: int, _cached: int) -> int:
    return input_tokens + output_tokens


def _told(policy: Policy) -> str:
    window = f";w={policy.period}" if policy.period else ""
    return f'"{policy.name}";q={policy.quota // policy.scale};qu="{policy.unit}"{window}'
