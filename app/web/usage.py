"""``/usage``: a caller's own limits, and what is left of them."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.callers.counters import Step
from app.callers.policies import BUDGET, MONEY, Policy, policies_of
from app.web.deps import CallerDep, LimiterDep
from app.web.problems import documented

router = APIRouter(tags=["usage"])


class LimitReport(BaseModel):
    """One limit of a caller's."""

    policy: str = Field(
        description="`requests` a minute, `tokens` or `budget` a day, or `concurrency`: requests at once."
    )
    limit: float = Field(
        description="As much as may be used; of `budget`, in the operator's currency."
    )
    used: float = Field(description="What is used, with what is reserved for requests under way.")
    left: float = Field(description="What is left.")
    resets_in: int | None = Field(
        description="Seconds until all of it may be used again; null for `concurrency`."
    )


class UsageReport(BaseModel):
    """What a caller may have, and what it has used."""

    caller: str = Field(description="Public id of its key or, without keys, its address.")
    limits: list[LimitReport] = Field(description="Empty where it is not limited.")


@router.get(
    "/usage",
    summary="How much is left of my limits?",
    responses=documented(503, "limits-unknown: the store of the limits cannot be asked"),
)
async def read_usage(limiter: LimiterDep, caller: CallerDep) -> UsageReport:
    """The limits of whoever asks, of this minute and this day (UTC)."""
    policies = policies_of(limiter.limits_of(caller))
    if not policies:
        return UsageReport(caller=caller.id, limits=[])
    steps = [Step(each.name, each.period) for each in policies if each.period]
    counted = await limiter.counters.count(caller.id, steps)
    inside = await limiter.counters.inside(caller.id)
    used = dict(zip((step.name for step in steps), counted.used, strict=True))
    resets = {
        each.name: each.period - counted.now % each.period for each in policies if each.period
    }
    limits = [_report(p, used.get(p.name, inside), resets.get(p.name)) for p in policies]
    return UsageReport(caller=caller.id, limits=limits)


def _report(policy: Policy, used: int, resets_in: int | None) -> LimitReport:
    unit = MONEY if policy.name == BUDGET else 1
    return LimitReport(
        policy=policy.name,
        limit=policy.quota / unit,
        used=used / unit,
        left=max(0, policy.quota - used) / unit,
        resets_in=resets_in,
    )
