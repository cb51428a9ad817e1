"""``/healthz`` and ``/readyz``, for whoever watches the service."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.gateway import BreakerState, Finding, ModelGateway, OutputMode
from app.web.deps import CallerDep, DoorDep, GatewayDep, LibraryDep, LimiterDep, TrialDep
from app.web.problems import documented
from app.web.trial.reports import CandidateReport

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"]


class UpstreamReport(BaseModel):
    """How things stand with the base model's server."""

    breaker: BreakerState = Field(
        description="The circuit breaker; `open`: calls fail at once, for a few seconds."
    )
    concurrency: int = Field(description="Calls that may be under way at once, as adapted.")
    running: int = Field(description="Calls under way.")
    queued: int = Field(description="Calls that wait for a place.")
    output_mode: OutputMode = Field(description="How the model is asked for JSON.")
    output_modes: dict[str, Finding] = Field(
        description="What was found out about each way of asking for JSON."
    )


class SkippedDocument(BaseModel):
    """A document that cannot be searched."""

    id: str = Field(description="Its path in the folder of documents.")
    reason: str = Field(description="Why it could not be read.")


class KnowledgeReport(BaseModel):
    """How things stand with the documents that answers rest on."""

    documents: int = Field(description="Documents that can be searched.")
    passages: int = Field(description="The passages they were cut into.")
    skipped: list[SkippedDocument] = Field(description="What could not be read.")


class FallbackReport(BaseModel):
    """How things stand with the model that answers while the base model's breaker is open."""

    model: str
    breaker: BreakerState = Field(description="Its own circuit breaker.")
    answered: int = Field(description="Calls that it was asked instead of the base model.")


class AccessReport(BaseModel):
    """Who may call."""

    keys: int | None = Field(description="Keys that are known; null where none is asked for.")
    remark: str | None = Field(
        description="What whoever runs the service should know: that it is open, that it has no "
        "keys yet, or why the keys as they are now do not hold."
    )


class LimitsReport(BaseModel):
    """How things stand with the callers' limits."""

    unknown: int = Field(
        description="How often this process could not ask their store what a caller has used."
    )


class ReadinessReport(BaseModel):
    """Whether requests can be answered; all but `status` is left out for strangers."""

    model_config = ConfigDict(json_schema_extra={"required": ["status"]})

    status: Literal["ready", "not_ready"]
    model: str
    reason: str | None
    upstream: UpstreamReport
    knowledge: KnowledgeReport
    candidate: CandidateReport | None = Field(description="Null where none is asked.")
    fallback: FallbackReport | None = Field(description="Null where there is none.")
    limits: LimitsReport
    access: AccessReport


@router.get("/healthz", summary="Is the process alive?")
async def check_health() -> Health:
    """Always `ok` while the process can answer at all."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can it answer requests?",
    responses=documented(401, "key-invalid")
    | {503: {"model": ReadinessReport, "description": "Not ready; `reason` says why."}},
)
async def check_readiness(
    response: Response,
    gateway: GatewayDep,
    library: LibraryDep,
    trial: TrialDep,
    limiter: LimiterDep,
    caller: CallerDep,
    door: DoorDep,
) -> ReadinessReport:
    """`ready` when the base model can be asked. An open breaker alone does not change that.

    Where keys are asked for, `status` is all that is told to whoever has none of the scope `admin`
    and does not call from the machine itself.
    """
    reason = await gateway.problem() or library.problem()
    status: Any = "not_ready" if reason else "ready"
    response.status_code = 503 if reason else 200
    if not caller.is_admin:
        alone: Any = JSONResponse({"status": status}, status_code=response.status_code)
        return alone
    return ReadinessReport(
        status=status,
        model=gateway.model,
        reason=reason,
        upstream=_upstream(gateway),
        knowledge=KnowledgeReport(
            documents=library.index.documents,
            passages=library.index.passages,
            skipped=[SkippedDocument(id=item.id, reason=item.reason) for item in library.skipped],
        ),
        candidate=trial.report() if trial else None,
        fallback=_fallback(gateway),
        limits=LimitsReport(unknown=limiter.unknown),
        access=AccessReport(keys=None if door.keys is None else len(door.keys), remark=door.remark),
    )


def _fallback(gateway: ModelGateway) -> FallbackReport | None:
    if not (other := gateway.fallback):
        return None
    state = other.breaker.state
    return FallbackReport(model=other.model, breaker=state, answered=gateway.fallen_back)


def _upstream(gateway: ModelGateway) -> UpstreamReport:
    return UpstreamReport(
        breaker=gateway.breaker.state,
        concurrency=gateway.admission.limit,
        running=gateway.admission.running,
        queued=gateway.admission.queued,
        output_mode=gateway.ladder.mode,
        output_modes={str(mode): finding for mode, finding in gateway.ladder.findings.items()},
    )
