"""OpenAI's Chat Completions, Files and Batch."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from fastapi import APIRouter, Request, Response
from openai.types import Batch as OpenAIBatch
from openai.types import BatchError, BatchRequestCounts, FileObject, batch_create_params
from openai.types.batch import Errors
from openai.types.chat import ChatCompletion
from starlette.datastructures import UploadFile

from tests.gateway.batching.provider import Batch, Fate, Json, Provider, spoken, validated
from tests.wire.replies import openai_message

_ENDPOINT = "/v1/chat/completions"
_BEGAN = 1_780_000_000
_OUTPUT, _ERRORS = "output-of-", "errors-of-"
_CODES = {"errored": 400, "overloaded": 503}


def router(provider: Provider) -> APIRouter:
    """The endpoints."""
    router = APIRouter(prefix="/v1")

    @router.post("/chat/completions")
    async def create_completion(request: Request) -> Response:
        body: Json = await request.json()
        said = spoken(provider, body, body["messages"])
        reply = said if isinstance(said, httpx.Response) else openai_message(said)
        return Response(reply.content, reply.status_code, media_type="application/json")

    @router.post("/files")
    async def upload(request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            assert (file.filename, form["purpose"]) == ("requests.jsonl", "batch")
            data = await file.read()
        name = f"file_{len(provider.files) + 1}"
        provider.files[name] = data.decode()
        told = FileObject(
            id=name,
            bytes=len(data),
            created_at=_BEGAN,
            filename="requests.jsonl",
            object="file",
            purpose="batch",
            status="processed",
        )
        return Response(told.model_dump_json(), media_type="application/json")

    @router.get("/files/{name}/content")
    async def content(name: str) -> Response:
        if name.startswith((_OUTPUT, _ERRORS)):
            batch = provider.batches[name.removeprefix(_OUTPUT).removeprefix(_ERRORS)]
            return provider.downloaded(
                _lines(provider, batch, is_error=not name.startswith(_OUTPUT))
            )
        return provider.downloaded(iter(provider.files[name].splitlines()))

    @router.post("/batches")
    async def create(request: Request) -> Response:
        asked = validated(batch_create_params.BatchCreateParams, await request.body())
        assert asked["endpoint"] == _ENDPOINT
        lines = [json.loads(line) for line in provider.files[asked["input_file_id"]].splitlines()]
        for line in lines:
            assert line.keys() == {"custom_id", "method", "url", "body"}
            assert (line["method"], line["url"]) == ("POST", _ENDPOINT)
        assert len({line["body"]["model"] for line in lines}) == 1, "a batch is for one model"
        bodies = [(line["custom_id"], line["body"]) for line in lines]
        return _told(provider.take(bodies, asked["input_file_id"], "openai"))

    @router.get("/batches")
    async def listed() -> Json:
        return {"object": "list", "data": [], "has_more": False}

    @router.get("/batches/{name}")
    async def batch(name: str) -> Response:
        return _told(provider.batches[name])

    @router.post("/batches/{name}/cancel")
    async def cancel(name: str) -> Response:
        provider.batches[name].status = "cancelling"
        return _told(provider.batches[name])

    return router


def _told(batch: Batch) -> Response:
    fates = list(batch.fates.values())
    succeeded = fates.count("succeeded")
    status: Any = {"running": "in_progress", "ended": "completed"}.get(batch.status, batch.status)
    if batch.status == "ended":
        status = "expired" if "expired" in fates else status
        status = "cancelled" if batch.cancelled else status
    has_output = bool(succeeded)
    has_errors = any(_is_told(fate) and fate != "succeeded" for fate in fates)
    errors = [BatchError(code="token_limit_exceeded", message="Enqueued token limit reached.")]
    told = OpenAIBatch(
        id=batch.name,
        object="batch",
        completion_window="24h",
        created_at=_BEGAN,
        endpoint=_ENDPOINT,
        input_file_id=batch.file,
        status=status,
        output_file_id=f"{_OUTPUT}{batch.name}" if has_output else None,
        error_file_id=f"{_ERRORS}{batch.name}" if has_errors else None,
        errors=Errors(data=errors, object="list") if batch.status == "failed" else None,
        request_counts=BatchRequestCounts(
            total=0 if batch.status == "failed" else len(batch.bodies),
            completed=succeeded,
            failed=sum(_is_told(fate) for fate in fates) - succeeded,
        ),
    )
    return Response(told.model_dump_json(), media_type="application/json")


def _is_told(fate: Fate) -> bool:
    return fate != "untold"


def _lines(provider: Provider, batch: Batch, *, is_error: bool) -> Iterator[str]:
    for key, body in batch.bodies.items():
        fate = batch.fates[key]
        if _is_told(fate) and is_error is (fate != "succeeded"):
            line = _line(provider, fate, body)
            yield json.dumps({"id": f"batch_req_{key}", "custom_id": key, **line})


def _line(provider: Provider, fate: Fate, body: Json) -> Json:
    if fate in ("expired", "cancelled"):
        error = {"code": f"batch_{fate}", "message": "This request could not be executed."}
        return {"response": None, "error": error}
    if fate == "succeeded":
        reply = openai_message(provider.says(body["messages"]))
        completion = ChatCompletion.model_validate_json(reply.content)
        answer: Json = completion.model_dump(mode="json")
        return {"response": _response(200, answer), "error": None}
    answer = {"error": {"type": "invalid_request_error", "message": "What only the provider says."}}
    return {"response": _response(_CODES[fate], answer), "error": None}


def _response(status: int, body: Json) -> Json:
    return {"status_code": status, "request_id": "r-1", "body": body}
