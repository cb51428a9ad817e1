"""Streams of the service: one terminal event, which tells the truth, whatever the upstream does."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.factory import create_app
from app.settings import Settings
from tests.hostile.behaviours import (
    Behaviour,
    Garbage,
    Good,
    JsonToStream,
    Silence,
    Status,
    StreamError,
    StreamReset,
    TruncatedStream,
    WrongType,
)
from tests.hostile.calls import Call
from tests.hostile.memory import memory_upstream
from tests.hostile.voices import NOTE
from tests.wire.replies import said_answer

SAID = "It lasts three years."
QUESTION = {"question": "How long does it last?", "documents": [{"text": SAID}]}
ANSWER = said_answer(SAID, 1)
REVIEWS = {"text": ["Gut.", "Schlecht."], "target_lang": "EN"}


@asynccontextmanager
async def service_on(
    behaviour: Behaviour, provider: str = "openai", **settings: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """The whole application, in this process, on an upstream that treats every call alike."""

    def script(call: Call) -> Behaviour:
        probe = "capital of France" in call.text
        return Good('{"word": "heliotrope-4711"}') if probe else behaviour

    def reply(call: Call) -> str:
        return ANSWER if SAID in call.text else "one two three four"

    async with memory_upstream(script, reply=reply) as upstream:
        base_url = upstream.base_url if provider == "openai" else upstream.origin
        once: dict[str, Any] = {"max_retries": 0, **settings}
        chosen = Settings(
            model=f"{provider}:m",
            base_url=base_url,
            api_key=SecretStr("key-of-the-upstream"),
            **once,
        )
        async with LifespanManager(create_app(chosen, open_http=upstream.http)) as running:
            transport = httpx.ASGITransport(running.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                yield client


def events(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = response.text.removesuffix("\n\n").split("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


BROKEN_LATER: list[Behaviour] = [
    StreamReset(2),
    StreamError(2),
    *(TruncatedStream(2, how) for how in ("close", "last chunk", "cut")),
]
BROKEN_AT_ONCE: list[Behaviour] = [
    StreamReset(0),
    StreamError(0),
    TruncatedStream(0),
    Garbage(),
    WrongType(),
    JsonToStream(),
    Status(500),
    Silence(),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", BROKEN_LATER, ids=str)
async def test_stream_that_breaks_ends_in_one_failure(provider: str, failure: Behaviour) -> None:
    async with service_on(failure, provider) as client:
        told = events(await client.post("/answers/stream", json=QUESTION))
        shown = told[2:-1]
        kinds = [event["type"] for event in told]
        assert kinds == ["started", "citation", *["delta"] * len(shown), "failed"]
        problem = told[-1]["problem"]
        assert problem["code"] in ("upstream-failed", "upstream-unavailable")
        assert problem["detail"]
        assert problem["received"] == "".join(event["text"] for event in shown)
        assert SAID.startswith(problem["received"])
        assert problem["received"]
        assert NOTE not in json.dumps(told)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", BROKEN_AT_ONCE, ids=str)
async def test_stream_that_never_began_is_a_problem(provider: str, failure: Behaviour) -> None:
    async with service_on(failure, provider, first_token_timeout=0.3) as client:
        response = await client.post("/answers/stream", json=QUESTION)
        assert response.status_code in (502, 503, 504)
        assert response.headers["content-type"] == "application/problem+json"
        assert "received" not in response.json()
        assert NOTE not in response.text


async def test_one_broken_translation_does_not_end_the_others() -> None:
    async with service_on(StreamReset(2)) as client:
        told = events(await client.post("/translations/stream", json=REVIEWS))
        assert told[-1]["type"] == "completed"
        problems = [item["problem"] for item in told[-1]["result"]["translations"]]
        (broken,) = [problem for problem in problems if problem]
        assert broken["code"].startswith("upstream-")
        assert broken["received"]


async def test_useless_answer_is_not_kept() -> None:
    async with service_on(Good("no ticket"), cache_ttl=60) as client:
        for _ in range(2):
            response = await client.post("/tickets", json={"text": "My lamp broke."})
            assert response.json()["code"] == "model-output-invalid"
            assert response.headers["cache-status"] == "Groundwork; fwd=miss; stored"
