"""What each caller may have: requests a minute, calls at once, and tokens and money a day."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from math import ceil
from pathlib import Path
from secrets import token_hex
from typing import Final

from app.callers.caller import NO_LIMITS, Caller, Limits
from app.callers.counters import DAY, MINUTE, Counted, Counters, MemoryCounters, Step
from app.callers.kept import FileCounters
from app.callers.policies import CONCURRENCY, FREE, Plan, Policy, Prices
from app.errors import LimitsUnknown, QuotaExceeded
from app.settings import Settings

log = logging.getLogger(__name__)

FILE: Final = "file://"

_SOON_SECONDS: Final = 1
_LEAVING_SECONDS: Final = 60  # beyond a request's time, before a place counts as left

Reserved = tuple[Sequence[Step], int]
"""What was added for a call, and when, as the store tells time."""


class Limiter:
    """Knows what callers may have, and what they have used.

    Attributes:
        defaults: the limits of a caller that has none of its own.
        prices: of tokens.
        places: names for places among a caller's calls, each of them once.
        unknown: how often the store of the limits could not be asked.
    """

    def __init__(self, settings: Settings) -> None:
        """Open the store, if somebody is limited; else when somebody is."""
        self.defaults = Limits(
            settings.limit_requests,
            settings.limit_tokens,
            settings.limit_concurrency,
            settings.limit_budget,
        )
        self.prices = Prices.of(settings)
        self.place_seconds = ceil(settings.timeout) + _LEAVING_SECONDS
        process = token_hex(8)
        self.places = (f"{process}:{number}" for number in count())
        self.reserved: dict[str, int] = {}  # calls under way here that tokens are reserved for
        self.unknown = 0
        self._url = settings.limits_store
        self._is_open = settings.limits_when_down == "open"
        self._plans: dict[Limits, Plan | None] = {NO_LIMITS: None}
        self._counters: Counters | None = None
        if self.defaults != NO_LIMITS:
            self._plans.clear()
            self._counters = self._opened()

    @property
    def counters(self) -> Counters:
        """Where is counted what callers use."""
        if self._counters is None:
            self._counters = self._opened()
        return self._counters

    def _opened(self) -> Counters:
        if self._url.startswith("memory:"):
            return MemoryCounters()
        if self._url.startswith(FILE):
            return FileCounters(Path(self._url.removeprefix(FILE)))
        from app.callers.valkey import ValkeyCounters  # noqa: PLC0415 # 7 MB that few need

        return ValkeyCounters(self._url)

    def limits_of(self, caller: Caller) -> Limits:
        """A caller's own limits, and the defaults where it has none."""
        own, defaults = caller.limits, self.defaults
        return replace(
            own,
            requests=defaults.requests if own.requests is None else own.requests,
            tokens=defaults.tokens if own.tokens is None else own.tokens,
            concurrency=defaults.concurrency if own.concurrency is None else own.concurrency,
            budget=defaults.budget if own.budget is None else own.budget,
        )

    def allowance(self, caller: Caller) -> "Allowance | None":
        """What a request of ``caller`` may take; None for whatever it likes."""
        try:
            plan = self._plans[caller.limits]
        except KeyError:
            limits = self.limits_of(caller)
            plan = self._plans[caller.limits] = (
                Plan(limits, self.prices) if limits != NO_LIMITS else None
            )
            if limits.budget is not None and self.prices == FREE:
                log.warning("Budgets are not kept, as GROUNDWORK_PRICES names no prices.")
        return Allowance(self, caller.id, plan) if plan else None

    def excuse(self, error: LimitsUnknown) -> None:
        """Note that the store cannot be asked; the operator may let callers in.

        Raises:
            LimitsUnknown: nobody is let in.
        """
        self.unknown += 1
        if not self._is_open:
            raise error

    async def aclose(self) -> None:
        """Let go of the store."""
        if self._counters:
            await self._counters.aclose()


class Allowance:
    """What one request may take of its caller's.

    Attributes:
        is_metered: tokens or money are counted.
    """

    __slots__ = (
        "_caller",
        "_counters",
        "_limiter",
        "_now",
        "_place",
        "_plan",
        "_taken",
        "_used",
        "is_metered",
    )

    def __init__(self, limiter: Limiter, caller: str, plan: Plan) -> None:
        self._limiter = limiter
        self._counters = limiter.counters
        self._caller = caller
        self._plan = plan
        self._place = ""
        self._now = 0
        self._used: list[int] = []  # of the plan's last counters, as far as it is known
        self._taken: int | None = None
        self.is_metered = bool(plan.metered)

    async def enter(self) -> None:
        """Count the request, and take a place among the caller's calls.

        Raises:
            QuotaExceeded: it may not come in.
            LimitsUnknown: nobody knows whether it may.
        """
        plan = self._plan
        try:
            if plan.concurrency is not None:
                await self._take_place(plan.concurrency)
            if not plan.entering:
                return
            counted = await self._counters.count(self._caller, plan.entering)
        except LimitsUnknown as error:
            self._limiter.excuse(error)
            return
        self._keep(counted)
        if counted.refused is not None:
            violated = plan.counted[counted.refused]
            detail = f"{violated.quota} requests a minute are allowed."
            raise _exceeded(detail, [violated], violated.period - counted.now % MINUTE)

    async def _take_place(self, most: int) -> None:
        limiter = self._limiter
        self._place = place = next(limiter.places)
        taken = await self._counters.enter(self._caller, place, most, limiter.place_seconds)
        self._taken = min(taken, most)
        if taken > most:
            self._place = ""
            policy = Policy(CONCURRENCY, most, 0, "")
            raise _exceeded(f"{most} calls at once are allowed.", [policy], _SOON_SECONDS)

    async def leave(self) -> None:
        """Give the place back."""
        if self._place:
            place, self._place = self._place, ""
            try:
                await self._counters.leave(self._caller, place)
            except LimitsUnknown:
                self._limiter.unknown += 1  # the store gives it back in time

    async def reserve(self, most_input: int, most_output: int) -> Reserved | None:
        """Set aside what a call may cost, before it is made; None where nobody can count it.

        Its input has to fit into what is left; the output may exceed that, once.

        Raises:
            QuotaExceeded: there is not enough left.
            LimitsUnknown: nobody knows what is left.
        """
        metered, reserved = self._plan.metered, self._limiter.reserved
        steps = [
            Step(
                policy.name,
                policy.period,
                cost(most_input, most_output, 0),
                policy.quota - cost(most_input, 0, 0),
            )
            for policy, cost in metered
        ]
        try:
            counted = await self._counters.count(self._caller, steps)
        except LimitsUnknown as error:
            self._limiter.excuse(error)
            return None
        self._keep(counted)
        if counted.refused is None:
            reserved[self._caller] = reserved.get(self._caller, 0) + 1
            return steps, counted.now
        over = [
            policy
            for (policy, _), step, used in zip(metered, steps, counted.used, strict=True)
            if used > step.at_most
        ]
        waits = _SOON_SECONDS if self._caller in reserved else DAY - counted.now % DAY
        detail = f"The call may take {most_input} tokens of input; less is left of the day's quota."
        raise _exceeded(detail, over, waits)

    async def settle(self, reserved: Reserved, tokens: tuple[int, int, int] | None) -> None:
        """Count what a call cost (input, output, and what of the input a cache gave), not what was reserved.

        None where nobody knows: then what was reserved is what it cost.
        """
        limiter, (steps, began) = self._limiter, reserved
        if others := limiter.reserved.pop(self._caller) - 1:
            limiter.reserved[self._caller] = others
        if tokens is None:
            return
        corrections = [
            Step(
                step.name,
                step.period,
                cost(*tokens) - step.adds,
                began=began - began % step.period,
            )
            for (_, cost), step in zip(self._plan.metered, steps, strict=True)
        ]
        try:
            counted = await self._counters.count(self._caller, corrections)
        except LimitsUnknown:
            limiter.unknown += 1  # what was reserved stays
        else:
            self._keep(counted)

    def _keep(self, counted: Counted) -> None:
        self._now = counted.now
        self._used[-len(counted.used) :] = counted.used

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and, of what is known, ``RateLimit`` (draft 10)."""
        plan, now = self._plan, self._now
        known = plan.counted[len(plan.counted) - len(self._used) :]
        told = [
            f'"{each.name}";r={max(0, each.quota - used) // each.scale};t={each.period - now % each.period}'
            for each, used in zip(known, self._used, strict=True)
        ]
        if plan.concurrency is not None and self._taken is not None:
            told.append(f'"{CONCURRENCY}";r={plan.concurrency - self._taken}')
        if not told:
            return [plan.header]
        return [plan.header, (b"ratelimit", ", ".join(told).encode())]


def _exceeded(detail: str, policies: Sequence[Policy], seconds: int) -> QuotaExceeded:
    violated: Mapping[str, object] = {"violated-policies": [each.name for each in policies]}
    return QuotaExceeded(detail, retry_after=seconds, members=violated)
