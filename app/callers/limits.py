"""What each caller may have: requests a minute, calls at once, and tokens and money a day."""

import logging
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from secrets import token_hex
from typing import Final, TypeVar

from app.callers.caller import NO_LIMITS, Caller, Limits
from app.callers.counters import DAY, MINUTE, Counted, Counters, MemoryCounters, Step
from app.callers.kept import FileCounters
from app.callers.policies import CONCURRENCY, FREE, TOKENS, Plan, Policy, Prices
from app.errors import LimitsUnknown, QuotaExceeded
from app.settings import Settings

log = logging.getLogger(__name__)

FILE: Final = "file://"

T = TypeVar("T")

_SOON_SECONDS: Final = 1
_LEAVING_SECONDS: Final = 60  # beyond a request's time, before a place counts as left


class Limiter:
    """Knows what callers may have, and what they have used.

    Attributes:
        defaults: the limits of a caller that has none of its own.
        prices: of tokens.
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
        self.reserved: Counter[str] = Counter()  # calls under way here that tokens are reserved for
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
            plan = self._plans[caller.limits] = Plan(limits) if limits != NO_LIMITS else None
            if limits.budget is not None and self.prices == FREE:
                log.warning("Budgets are not kept, as GROUNDWORK_PRICES names no prices.")
        return Allowance(self, caller.id, plan) if plan else None

    async def asked(self, question: Awaitable[T]) -> T | None:
        """What the store says; None where it cannot be asked, and the operator lets callers in.

        Raises:
            LimitsUnknown: it cannot be asked, and nobody is let in.
        """
        try:
            return await question
        except LimitsUnknown:
            self.unknown += 1
            if self._is_open:
                return None
            raise

    async def aclose(self) -> None:
        """Let go of the store."""
        if self._counters:
            await self._counters.aclose()


class Allowance:
    """What one request may take of its caller's.

    Attributes:
        is_metered: tokens or money are counted.
    """

    __slots__ = ("_caller", "_limiter", "_now", "_place", "_plan", "_used", "is_metered")

    def __init__(self, limiter: Limiter, caller: str, plan: Plan) -> None:
        self._limiter = limiter
        self._caller = caller
        self._plan = plan
        self._place = ""
        self._now = 0
        self._used: dict[str, int] = {}
        self.is_metered = bool(plan.metered)

    async def enter(self) -> None:
        """Count the request, and take a place among the caller's calls.

        Raises:
            QuotaExceeded: it may not come in.
            LimitsUnknown: nobody knows whether it may.
        """
        limiter, plan = self._limiter, self._plan
        if plan.concurrency is not None:
            await self._take_place(plan.concurrency)
        if plan.entering:
            counted = await limiter.asked(limiter.counters.count(self._caller, plan.entering))
            if counted:
                self._keep(plan.counted, counted)
                if counted.refused is not None:
                    violated = plan.counted[counted.refused]
                    detail = f"{violated.quota} requests a minute are allowed."
                    raise _exceeded(detail, [violated], violated.period - counted.now % MINUTE)

    async def _take_place(self, most: int) -> None:
        limiter = self._limiter
        self._place = token_hex(8)
        asked = limiter.counters.enter(self._caller, self._place, most, limiter.place_seconds)
        taken = await limiter.asked(asked)
        if taken is None:
            self._place = ""
            return
        self._used[CONCURRENCY] = min(taken, most)
        if taken > most:
            self._place = ""
            policy = Policy(CONCURRENCY, most, 0, "")
            raise _exceeded(f"{most} calls at once are allowed.", [policy], _SOON_SECONDS)

    async def leave(self) -> None:
        """Give the place back."""
        if self._place:
            place, self._place = self._place, ""
            try:
                await self._limiter.counters.leave(self._caller, place)
            except LimitsUnknown:
                self._limiter.unknown += 1  # the store gives it back in time

    async def reserve(self, most_input: int, most_output: int) -> "Reservation | None":
        """Set aside what a call may cost, before it is made; None where nobody can count it.

        Its input has to fit into what is left; the output may exceed that, once.

        Raises:
            QuotaExceeded: there is not enough left.
            LimitsUnknown: nobody knows what is left.
        """
        limiter, plan = self._limiter, self._plan
        steps: list[Step] = []
        for policy in plan.metered:
            room = self._costs(policy, most_input, 0, 0)
            adds = self._costs(policy, most_input, most_output, 0)
            steps.append(Step(policy.name, policy.period, adds, max(-1, policy.quota - room)))
        counted = await limiter.asked(limiter.counters.count(self._caller, steps))
        if counted is None:
            return None
        self._keep(plan.metered, counted)
        if counted.refused is None:
            limiter.reserved[self._caller] += 1
            return Reservation(self, steps, counted.now)
        over = [
            policy
            for policy, step, used in zip(plan.metered, steps, counted.used, strict=True)
            if used > step.at_most
        ]
        waits = _SOON_SECONDS if limiter.reserved[self._caller] else DAY - counted.now % DAY
        detail = f"The call may take {most_input} tokens of input; less is left of the day's quota."
        raise _exceeded(detail, over, waits)

    async def require(self, input_tokens: int) -> None:
        """Look whether as much input, of many calls that are to come, is left of today's quotas.

        Raises:
            QuotaExceeded: there is not enough left.
            LimitsUnknown: nobody knows what is left.
        """
        limiter, plan = self._limiter, self._plan
        steps = [Step(each.name, each.period) for each in plan.metered]
        counted = await limiter.asked(limiter.counters.count(self._caller, steps))
        if counted is None:
            return
        over = [
            policy
            for policy, used in zip(plan.metered, counted.used, strict=True)
            if used + self._costs(policy, input_tokens, 0, 0) > policy.quota
        ]
        if over:
            detail = f"The calls take at least {input_tokens} tokens of input; less is left today."
            raise _exceeded(detail, over, DAY - counted.now % DAY)

    async def spend(self, tokens: tuple[int, int, int], share: float = 1) -> None:
        """Count what a call cost that nothing was reserved for, at a share of the price."""
        steps = [
            Step(each.name, each.period, ceil(self._costs(each, *tokens) * priced))
            for each in self._plan.metered
            if (priced := 1 if each.name == TOKENS else share)
        ]
        try:
            await self._limiter.counters.count(self._caller, steps)
        except LimitsUnknown:
            self._limiter.unknown += 1

    async def settle(
        self, steps: Sequence[Step], began: int, tokens: tuple[int, int, int] | None
    ) -> None:
        """Count what a call cost instead of what was reserved; None if nobody knows."""
        limiter = self._limiter
        limiter.reserved[self._caller] -= 1
        if not limiter.reserved[self._caller]:
            del limiter.reserved[self._caller]
        if tokens is None:
            return
        corrections = [
            Step(
                step.name,
                step.period,
                self._costs(policy, *tokens) - step.adds,
                began=began - began % step.period,
            )
            for policy, step in zip(self._plan.metered, steps, strict=True)
        ]
        try:
            counted = await limiter.counters.count(self._caller, corrections)
        except LimitsUnknown:
            limiter.unknown += 1  # what was reserved stays
        else:
            self._keep(self._plan.metered, counted)

    def _costs(
        self, policy: Policy, input_tokens: int, output_tokens: int, cached_input_tokens: int
    ) -> int:
        if policy.name == TOKENS:
            return input_tokens + output_tokens
        return self._limiter.prices.cost(input_tokens, output_tokens, cached_input_tokens)

    def _keep(self, policies: Sequence[Policy], counted: Counted) -> None:
        self._now = counted.now
        for policy, used in zip(policies, counted.used, strict=True):
            self._used[policy.name] = used

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and, of what is known, ``RateLimit`` (draft 10)."""
        plan, used = self._plan, self._used
        told = [
            f'"{each.name}";r={max(0, each.quota - used[each.name]) // each.scale}'
            f";t={each.period - self._now % each.period}"
            for each in plan.counted
            if each.name in used
        ]
        if plan.concurrency is not None and CONCURRENCY in used:
            told.append(f'"{CONCURRENCY}";r={plan.concurrency - used[CONCURRENCY]}')
        headers = [(b"ratelimit-policy", plan.told)]
        return [*headers, (b"ratelimit", ", ".join(told).encode())] if told else headers


class Reservation:
    """Tokens and money that are set aside for one call."""

    __slots__ = ("_allowance", "_began", "_steps")

    def __init__(self, allowance: Allowance, steps: Sequence[Step], began: int) -> None:
        self._allowance = allowance
        self._steps: Sequence[Step] | None = steps
        self._began = began

    async def settle(self, tokens: tuple[int, int, int] | None) -> None:
        """Count what it cost (input, output, and what of the input a cache gave), once.

        None where nobody knows: then what was reserved is what it cost.
        """
        if self._steps is not None:
            steps, self._steps = self._steps, None
            await self._allowance.settle(steps, self._began, tokens)


def _exceeded(detail: str, policies: Sequence[Policy], seconds: int) -> QuotaExceeded:
    violated: Mapping[str, object] = {"violated-policies": [each.name for each in policies]}
    return QuotaExceeded(detail, retry_after=seconds, members=violated)
