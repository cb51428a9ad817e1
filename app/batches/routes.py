"""The endpoints of ``/batches``."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.batches.batches import Batches
from app.batches.orders import CSV, Upload
from app.batches.schemas import BatchList, BatchReport, BatchRequest, RequestCounts, ResultLine
from app.batches.values import PROVIDER_SHARE, Batch, Mode
from app.callers.policies import FREE, MONEY
from app.features.wire import TokenUsage
from app.web.deps import CallerDep, LimiterDep
from app.web.idempotency import REPLAYED, key_of
from app.web.openapi import IDEMPOTENCY_KEY
from app.web.problems import PROBLEMS, documented

PATH: Final = "/batches"
_LINES: Final = "application/x-ndjson"
_ALL: Final = 1_000_000_000

router = APIRouter(prefix=PATH, tags=["batches"], responses=PROBLEMS)
_MISSING: Final = documented(404, "batch-unknown or batches-off")


async def _batches(request: Request) -> Batches:
    return request.state.batches


BatchesDep = Annotated[Batches, Depends(_batches)]


def _query(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 255}
    return {"name": name, "in": "query", "description": description, "schema": schema}


_BODY: Final[dict[str, Any]] = {
    "parameters": [
        _query("feature", "Which feature, where the body is no JSON that says it."),
        _query("skip_invalid", "`true` to do the valid rows though others are not."),
        _query("custom_id", "Of CSV: the column of the rows' names."),
        _query("mode", "`live`, or `provider` for the model server's own batches."),
        IDEMPOTENCY_KEY
        | {
            "description": "A name of your own for the batch: sending it again gives the same batch, "
            "as long as that is kept."
        },
    ],
    "requestBody": {
        "required": True,
        # The others are in words: generated clients cannot send a text of one of three media types.
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchRequest"}}},
    },
}

MODELS: Final = (BatchRequest, ResultLine)
"""Those that the document refers to, though no endpoint of FastAPI's takes or gives them."""


@router.post(
    "",
    status_code=201,
    summary="Begin a batch",
    responses=_MISSING,
    openapi_extra=_BODY,
)
async def create_batch(
    request: Request,
    response: Response,
    batches: BatchesDep,
    caller: CallerDep,
    limiter: LimiterDep,
) -> BatchReport:
    """Many requests to one feature, done with what capacity is to spare.

    At most 100,000 rows or 200 MB: as JSON; as JSON Lines (`application/x-ndjson`), each
    `{"custom_id": …, "params": {…}}`, with `?feature=`; or as `text/csv`, where the query says which
    field is in which column, or what it is: `?feature=translations&text=review&target_lang=EN`. All
    rows are validated before the work begins.
    """
    media_type, _, rest = request.headers.get("content-type", "").partition(";")
    charset = rest.partition("charset=")[2].strip().strip('"') or None
    upload = Upload(
        media_type=media_type.strip().lower(),
        charset=charset,
        query=dict(request.query_params),
        key=key_of(request.headers.raw),
    )
    batch = await batches.create(upload, request.stream(), caller)
    if upload.is_known:
        response.headers[REPLAYED] = "true"
    return _report(batch, limiter)


@router.get("", summary="List the batches", responses=_MISSING)
async def list_batches(
    batches: BatchesDep,
    caller: CallerDep,
    limiter: LimiterDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(description="Those older than this one.")] = None,
) -> BatchList:
    """One's own, the newest first."""
    found = await batches.list(caller, limit + 1, after)
    reports = [_report(each, limiter) for each in found[:limit]]
    return BatchList(data=reports, has_more=len(found) > limit)


@router.get("/{batch_id}", summary="How does it stand?", responses=_MISSING)
async def read_batch(
    batch_id: str, batches: BatchesDep, caller: CallerDep, limiter: LimiterDep
) -> BatchReport:
    """Counts, rate, time left and costs, as they are now."""
    return _report(await batches.find(batch_id, caller), limiter)


@router.get(
    "/{batch_id}/results",
    summary="The results",
    response_class=StreamingResponse,
    responses=_MISSING
    | {
        200: {
            "description": "A line for each row that is done, in the order in which they came: "
            "JSON Lines, each a `ResultLine`; for a CSV file the same file (`text/csv`), with the "
            "answer's columns and `problem`.",
            "content": {_LINES: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def read_results(
    batch_id: str,
    batches: BatchesDep,
    caller: CallerDep,
    after: Annotated[int, Query(ge=0, description="Rows after the one of this number.")] = 0,
    limit: Annotated[int, Query(ge=1, description="Look at so many rows.")] = _ALL,
) -> StreamingResponse:
    """What is done so far, while it runs, too."""
    batch = await batches.find(batch_id, caller)
    media_type = _LINES if batch.columns is None else f"{CSV}; charset=utf-8"
    return StreamingResponse(batches.results(batch, after, limit), media_type=media_type)


@router.post("/{batch_id}/cancel", summary="Cancel it", responses=_MISSING)
async def cancel_batch(
    batch_id: str, batches: BatchesDep, caller: CallerDep, limiter: LimiterDep
) -> BatchReport:
    """No further row is asked; what is done stays, and can be read."""
    return _report(await batches.cancel(batch_id, caller), limiter)


@router.delete(
    "/{batch_id}",
    status_code=204,
    summary="Forget it",
    responses=_MISSING | documented(409, "batch-running: cancel it first"),
)
async def delete_batch(batch_id: str, batches: BatchesDep, caller: CallerDep) -> None:
    """The batch and its results, at once."""
    await batches.delete(batch_id, caller)


def _report(batch: Batch, limiter: LimiterDep) -> BatchReport:
    (before_at, before), (mark_at, _) = batch.marks
    now = batch.ended or datetime.now(UTC).timestamp()
    since = min(mark_at, before_at)
    rate = (batch.asked - before) / (now - since) if now > since else 0.0
    left = batch.asks - batch.asked
    running = batch.ended is None
    cost = None
    if limiter.prices != FREE:
        share = PROVIDER_SHARE if batch.mode is Mode.PROVIDER else 1
        cost = share * limiter.prices.cost(*batch.tokens) / MONEY
    return BatchReport(
        id=batch.id,
        feature=batch.feature,
        mode=batch.mode,
        status=batch.status,
        request_counts=RequestCounts(
            total=batch.total, completed=batch.completed, failed=batch.failed
        ),
        distinct_requests=batch.asks,
        created_at=_time(batch.created),
        ended_at=_time(batch.ended) if batch.ended else None,
        expires_at=_time(batch.expires),
        kept_until=_time(batch.kept_until) if batch.kept_until else None,
        progress=batch.asked / batch.asks if batch.asks else 0.0,
        rate=round(rate, 3) if rate and running else None,
        seconds_left=round(left / rate, 1) if rate and running else None,
        usage=TokenUsage(
            input_tokens=batch.tokens[0],
            output_tokens=batch.tokens[1],
            cached_input_tokens=batch.tokens[2],
        ),
        cost=cost,
        estimated_cost=cost * batch.asks / batch.asked if cost and batch.asked else None,
        metadata=dict(batch.metadata),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
