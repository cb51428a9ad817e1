"""Anthropic's Messages and Message Batches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from anthropic.types import Message
from anthropic.types.messages import (
    MessageBatch,
    MessageBatchCanceledResult,
    MessageBatchErroredResult,
    MessageBatchExpiredResult,
    MessageBatchIndividualResponse,
    MessageBatchRequestCounts,
    MessageBatchSucceededResult,
    batch_create_params,
)
from anthropic.types.shared import ErrorResponse
from fastapi import APIRouter, Request, Response

from tests.gateway.batching.provider import Batch, Fate, Json, Provider, spoken, validated
from tests.wire.replies import anthropic_message

_BEGAN = datetime(2026, 11, 30, 12, tzinfo=UTC)
_STATUSES: dict[str, Any] = {"running": "in_progress", "cancelling": "canceling"}
_ERRORS = {
    "errored": ("invalid_request_error", "What only the provider says."),
    "too long": ("invalid_request_error", "prompt is too long"),
    "overloaded": ("overloaded_error", "Overloaded"),
}


def router(provider: Provider) -> APIRouter:
    """The endpoints."""
    router = APIRouter(prefix="/v1/messages")

    @router.post("")
    async def create_message(request: Request) -> Response:
        body: Json = await request.json()
        said = spoken(provider, body, _messages(body))
        reply = said if isinstance(said, httpx.Response) else anthropic_message(said)
        return Response(reply.content, reply.status_code, media_type="application/json")

    @router.post("/batches")
    async def create(request: Request) -> Response:
        body = await request.body()
        asked = validated(batch_create_params.BatchCreateParams, body)["requests"]
        lines = [(each["custom_id"], each["params"]) for each in asked]
        return _told(provider.take(lines, "", "anthropic"))

    @router.get("/batches")
    async def listed() -> Json:
        return {"data": [], "has_more": False, "first_id": None, "last_id": None}

    @router.get("/batches/{name}")
    async def batch(name: str) -> Response:
        return _told(provider.batches[name])

    @router.post("/batches/{name}/cancel")
    async def cancel(name: str) -> Response:
        provider.batches[name].status = "cancelling"
        return _told(provider.batches[name])

    @router.get("/batches/{name}/results")
    async def results(name: str) -> Response:
        assert provider.batches[name].status == "ended", "it has no results yet"
        return provider.downloaded(_lines(provider, provider.batches[name]))

    return router


def _told(batch: Batch) -> Response:
    fates = list(batch.fates.values())
    counts = MessageBatchRequestCounts(
        canceled=fates.count("cancelled"),
        errored=sum(fate in _ERRORS for fate in fates),
        expired=fates.count("expired"),
        processing=len(batch.bodies) - len(fates),
        succeeded=fates.count("succeeded"),
    )
    told = MessageBatch(
        id=batch.name,
        type="message_batch",
        created_at=_BEGAN,
        expires_at=_BEGAN + timedelta(days=1),
        ended_at=_BEGAN if batch.fates else None,
        processing_status=_STATUSES.get(batch.status, "ended"),
        request_counts=counts,
        results_url=f"https://api.anthropic.com/v1/messages/batches/{batch.name}/results",
    )
    return Response(told.model_dump_json(), media_type="application/json")


def _lines(provider: Provider, batch: Batch) -> Iterator[str]:
    for key, body in batch.bodies.items():
        result = _result(provider, batch.fates[key], body)
        yield MessageBatchIndividualResponse(custom_id=key, result=result).model_dump_json()


def _result(provider: Provider, fate: Fate, body: Json) -> Any:
    match fate:
        case "succeeded":
            reply = anthropic_message(provider.says(_messages(body)))
            message = Message.model_validate_json(reply.content)
            return MessageBatchSucceededResult(type="succeeded", message=message)
        case "expired":
            return MessageBatchExpiredResult(type="expired")
        case "cancelled":
            return MessageBatchCanceledResult(type="canceled")
        case _:
            kind, message = _ERRORS[fate]
            error = {"type": kind, "message": message}
            response = ErrorResponse.model_validate({"type": "error", "error": error})
            return MessageBatchErroredResult(type="errored", error=response)


def _messages(body: Json) -> list[Json]:
    """The messages as OpenAI has them: all texts, the system's first."""
    said = [{"role": "system", "content": body["system"]}, *body["messages"]]
    return [{**each, "content": _text(each["content"])} for each in said]


def _text(content: str | list[Json]) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
