"""Anthropic's and OpenAI's batches, as the official SDKs' types have them.

What is sent is held against the types of requests, what is answered is made of those of responses.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic_core import from_json

from tests.wire.service import PROBE, good
from tests.wire.test_requests import adapter_of, assert_conforms

Json = dict[str, Any]
Fate = Literal["succeeded", "errored", "too long", "overloaded", "expired", "cancelled", "untold"]
Dialect = Literal["anthropic", "openai"]

_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass
class Batch:
    """A batch, and what becomes of its requests.

    Attributes:
        name: its id.
        bodies: of its requests, by their ``custom_id``.
        file: those, as they came.
        status: ``running``, ``cancelling``, ``ended``, or ``failed``.
        fates: of each request, once it has ended.
    """

    name: str
    bodies: dict[str, Json]
    file: str
    status: Literal["running", "cancelling", "ended", "failed"] = "running"
    fates: dict[str, Fate] = field(default_factory=dict[str, Fate])
    cancelled: bool = False

    def end(self, fate: Callable[[int], Fate]) -> None:
        """Have it be over."""
        self.cancelled = self.status == "cancelling"
        self.status = "ended"
        self.fates = {key: fate(number) for number, key in enumerate(self.bodies)}


@dataclass
class Provider:
    """The provider's side, for a test to look at and to steer.

    Attributes:
        says: what the model says in a batch.
        says_live: and to calls.
        refusals: statuses and headers that submissions and lists get instead.
        breaks: how many downloads break in the middle, every other as if that were the end.
        batches, files: what was submitted.
        live: bodies of calls, but for the gateway's own question.
        sizes: what was uploaded, by ``Content-Length``.
        complaints: what the provider would not take.
    """

    origin: str = ""
    says: Callable[[list[Json]], str] = good
    says_live: Callable[[list[Json]], str | httpx.Response] = good
    rejects: Callable[[Json], bool] = lambda _body: False
    fate: Callable[[int], Fate] = lambda _number: "succeeded"
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list[Any])
    breaks: int = 0
    batches: dict[str, Batch] = field(default_factory=dict[str, Batch])
    files: dict[str, str] = field(default_factory=dict[str, str])
    live: list[Json] = field(default_factory=list[Json])
    sizes: list[int] = field(default_factory=list[int])
    complaints: list[str] = field(default_factory=list[str])

    def end(self) -> None:
        """Have all batches be over."""
        for batch in self.batches.values():
            if batch.status != "failed":
                batch.end(self.fate)

    def take(self, lines: list[tuple[str, Json]], file: str, dialect: Dialect) -> Batch:
        """A new batch; a complaint if its requests are not what the provider takes."""
        keys = [key for key, _ in lines]
        assert len(set(keys)) == len(keys), "a custom_id twice"
        for key, body in lines:
            assert _CUSTOM_ID.fullmatch(key), key
            assert_conforms(body, dialect, stream=False)
            assert "stream" not in body
        name = f"batch_{len(self.batches) + 1}"
        batch = self.batches[name] = Batch(name, dict(lines), file)
        return batch

    def downloaded(self, lines: Iterator[str]) -> Response:
        """Lines as a file, in no order, that may break in the middle of one."""
        data = "".join(f"{line}\n" for line in reversed(list(lines))).encode()
        if not self.breaks:
            return Response(data, media_type="application/binary")
        self.breaks -= 1

        def half() -> Iterator[bytes]:
            yield data[: len(data) // 2]
            if self.breaks % 2:
                raise ConnectionAbortedError("as a test wants it")

        return StreamingResponse(half(), media_type="application/binary")


def spoken(provider: Provider, body: Json, messages: list[Json]) -> str | httpx.Response:
    """What the model says to a call."""
    if provider.rejects(body):
        return httpx.Response(400, json={"error": {"type": "invalid_request_error"}})
    if PROBE in messages[-1]["content"]:
        return '{"word": "heliotrope-4711"}'
    provider.live.append(body)
    return provider.says_live(messages)


def validated(kind: Any, body: bytes) -> Any:
    """A request's body, held against a type of the SDK's, and as it came."""
    value = from_json(body)
    adapter_of(kind).validate_python(value)
    return value
