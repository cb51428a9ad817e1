"""``/healthz`` and ``/readyz``, for whoever watches the service."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.deps import GatewayDep, ReadinessDep

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"]


class ReadinessReport(BaseModel):
    """Whether requests can be answered."""

    status: Literal["ready", "not_ready"]
    model: str
    reason: str | None


@router.get("/healthz", summary="Is the process alive?")
async def check_health() -> Health:
    """Always `ok` while the process can answer at all."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can it answer requests?",
    responses={503: {"model": ReadinessReport, "description": "Not ready; `reason` says why."}},
)
async def check_readiness(
    response: Response, readiness: ReadinessDep, gateway: GatewayDep
) -> ReadinessReport:
    """`ready` when the base model can be asked."""
    reason = await readiness.problem()
    if reason:
        response.status_code = 503
    status = "not_ready" if reason else "ready"
    return ReadinessReport(status=status, model=gateway.model, reason=reason)
