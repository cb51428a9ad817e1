"""Anthropic's Message Batches.

Reference: https://docs.anthropic.com/en/api/creating-message-batches
"""

from collections.abc import AsyncGenerator
from typing import Final, Literal

from pydantic import TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.gateway.batching.api import BatchApi
from app.gateway.batching.part import Part
from app.gateway.batching.values import BatchState, BatchStatus, Ending, Outcome
from app.gateway.dialects.dialect import validated


class _Batch(TypedDict):
    id: str
    processing_status: Literal["in_progress", "canceling", "ended"]
    request_counts: dict[str, int]


class _Error(TypedDict, total=False):
    type: str


class _ErrorResponse(TypedDict, total=False):
    error: _Error


class _Result(TypedDict, total=False):
    type: Literal["succeeded", "errored", "canceled", "expired"]
    message: object
    error: object


class _Line(TypedDict):
    custom_id: str
    result: _Result


_BATCH: Final = TypeAdapter(_Batch)
_LINE: Final = TypeAdapter(_Line)
_ERROR: Final = TypeAdapter(_ErrorResponse)

_STATUSES: Final = {
    "in_progress": BatchStatus.RUNNING,
    "canceling": BatchStatus.CANCELLING,
    "ended": BatchStatus.ENDED,
}
_HTTP_STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What a live call gets with these errors (https://docs.anthropic.com/en/api/errors)."""


class AnthropicBatches(BatchApi):
    """``POST {base_url}/v1/messages/batches``, with all requests in its body."""

    path = "/v1/messages/batches"
    most = 100_000

    def part(self) -> Part:
        return Part(b'{"requests":[', b",", b"]}", "application/json")

    def line(self, key: str, body: bytes) -> bytes:
        return b'{"custom_id":"%b","params":%b}' % (key.encode(), body)

    async def create(self, part: Part) -> str:
        return (await self.ask("POST", self.path, _BATCH, part.upload(), once=True))["id"]

    async def state(self, name: str) -> BatchState:
        batch = await self.ask("GET", self.at(name), _BATCH)
        counts = batch["request_counts"]
        succeeded, running = counts.get("succeeded", 0), counts.get("processing", 0)
        total = sum(counts.values())
        status = _STATUSES[batch["processing_status"]]
        return BatchState(status, total, succeeded, total - succeeded - running)

    def outcomes(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        return self.read(f"{self.at(name)}/results", _outcome_in)


def _outcome_in(data: bytes) -> tuple[str, Outcome]:
    line = validated(_LINE, data)
    result = line["result"]
    match result.get("type"):
        case "succeeded":
            body = to_json(result.get("message"))
            outcome = Outcome(Ending.ANSWERED, 200, body.decode())
        case "canceled":
            outcome = Outcome(Ending.CANCELLED)
        case "expired":
            outcome = Outcome(Ending.EXPIRED)
        case _:
            body = to_json(result.get("error"))
            kind = validated(_ERROR, body).get("error", _Error()).get("type", "")
            outcome = Outcome(Ending.ANSWERED, _HTTP_STATUSES.get(kind, 500), body.decode())
    return line["custom_id"], outcome
