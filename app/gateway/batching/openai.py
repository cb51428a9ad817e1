"""OpenAI's Batch API, and what speaks it.

Reference: https://platform.openai.com/docs/api-reference/batch
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from secrets import token_hex
from typing import Final, Literal, Required
from urllib.parse import quote

from pydantic import TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.errors import UpstreamRateLimited, UpstreamRejected
from app.gateway.batching.api import BatchApi
from app.gateway.batching.part import Part
from app.gateway.batching.values import BatchState, BatchStatus, Ending, Outcome
from app.gateway.dialects.dialect import names_of, validated


class _File(TypedDict):
    id: str


class _Counts(TypedDict, total=False):
    total: int
    completed: int
    failed: int


class _Error(TypedDict, total=False):
    code: str | None


class _Errors(TypedDict, total=False):
    data: list[_Error] | None


class _Batch(TypedDict, total=False):
    id: Required[str]
    status: Required[
        Literal[
            "validating",
            "in_progress",
            "finalizing",
            "cancelling",
            "completed",
            "expired",
            "cancelled",
            "failed",
        ]
    ]
    input_file_id: Required[str]
    output_file_id: str | None
    error_file_id: str | None
    request_counts: _Counts | None
    errors: _Errors | None


class _Response(TypedDict):
    status_code: int
    body: object


class _Line(TypedDict, total=False):
    """Of a request, or of what became of it."""

    custom_id: Required[str]
    response: _Response | None
    error: _Error | None


_FILE: Final = TypeAdapter(_File)
_BATCH: Final = TypeAdapter(_Batch)
_LINE: Final = TypeAdapter(_Line)

_ENDPOINT: Final = "/v1/chat/completions"
_FORM: Final = (
    "--{0}\r\n"
    'Content-Disposition: form-data; name="purpose"\r\n\r\n'
    "batch\r\n"
    "--{0}\r\n"
    'Content-Disposition: form-data; name="file"; filename="requests.jsonl"\r\n'
    "Content-Type: application/jsonl\r\n\r\n"
)
_WHY_NOT: Final = {
    "cancelled": Ending.CANCELLED,
    "failed": Ending.REFUSED,
    "batch_cancelled": Ending.CANCELLED,
}
"""Why there is no response, by the batch's status or an error's code; otherwise it came too late."""


class OpenAIBatches(BatchApi):
    """``POST {base_url}/batches``, with the requests in a file that is uploaded before."""

    path = "/batches"
    most = 50_000

    def part(self) -> Part:
        boundary = token_hex(16)
        return Part(
            _FORM.format(boundary).encode(),
            b"\n",
            f"\n\r\n--{boundary}--\r\n".encode(),
            f"multipart/form-data; boundary={boundary}",
        )

    def line(self, key: str, body: bytes) -> bytes:
        named = (key.encode(), _ENDPOINT.encode(), body)
        return b'{"custom_id":"%b","method":"POST","url":"%b","body":%b}' % named

    async def create(self, part: Part) -> str:
        file = await self.ask("POST", "/files", _FILE, part.upload())
        asked = {"endpoint": _ENDPOINT, "completion_window": "24h", "input_file_id": file["id"]}
        batch = await self.ask("POST", self.path, _BATCH, to_json(asked), once=True)
        return batch["id"]

    async def state(self, name: str) -> BatchState:
        batch = await self.ask("GET", self.at(name), _BATCH)
        counts = batch.get("request_counts") or {}
        total, succeeded = counts.get("total", 0), counts.get("completed", 0)
        match batch["status"]:
            case "validating" | "in_progress" | "finalizing":
                return BatchState(BatchStatus.RUNNING, total, succeeded, counts.get("failed", 0))
            case "cancelling":
                return BatchState(BatchStatus.CANCELLING, total, succeeded, counts.get("failed", 0))
            case "failed":
                return BatchState(BatchStatus.ENDED, total, problem=_problem_of(batch))
            case _:
                return BatchState(BatchStatus.ENDED, total, succeeded, total - succeeded)

    async def outcomes(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """What became of each request, also where the server says nothing of it."""
        batch = await self.ask("GET", self.at(name), _BATCH)
        told = 0
        for file in (batch.get("output_file_id"), batch.get("error_file_id")):
            if file:
                async with aclosing(self._read(file, _outcome_in)) as outcomes:
                    async for outcome in outcomes:
                        told += 1
                        yield outcome
        total = (batch.get("request_counts") or {}).get("total", 0)
        if batch["status"] == "failed" or told < total:
            untold = partial(_without_response, _WHY_NOT.get(batch["status"], Ending.EXPIRED))
            async with aclosing(self._read(batch["input_file_id"], untold)) as outcomes:
                async for outcome in outcomes:
                    yield outcome

    def _read(
        self, file: str, outcome_in: Callable[[bytes], tuple[str, Outcome]]
    ) -> AsyncGenerator[tuple[str, Outcome]]:
        return self.read(f"/files/{quote(file, safe='')}/content", outcome_in)


def _problem_of(batch: _Batch) -> UpstreamRejected | UpstreamRateLimited:
    errors = (batch.get("errors") or {}).get("data") or []
    note = " ".join(dict.fromkeys(map(names_of, errors)))
    if any(error.get("code") == "token_limit_exceeded" for error in errors):
        msg = "The model server has no room for the batch beside those that are running."
        return UpstreamRateLimited(msg, upstream_note=note)
    msg = "The model server rejected the batch. The operator has to look at its settings."
    return UpstreamRejected(msg, upstream_note=note)


def _outcome_in(data: bytes) -> tuple[str, Outcome]:
    line = validated(_LINE, data)
    if response := line.get("response"):
        body = to_json(response["body"]).decode()
        return line["custom_id"], Outcome(Ending.ANSWERED, response["status_code"], body)
    code = (line.get("error") or {}).get("code") or ""
    return line["custom_id"], Outcome(_WHY_NOT.get(code, Ending.EXPIRED))


def _without_response(ending: Ending, data: bytes) -> tuple[str, Outcome]:
    return validated(_LINE, data)["custom_id"], Outcome(ending)
