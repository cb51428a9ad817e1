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
    Endless,
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
from tests.hostile.upstream import hostile_upstream
from tests.hostile.voices import NOTE
from tests.wire.replies import cited_answer

SAID = "It lasts three years."
QUESTION = {"question": "How long does it last?", "documents": [{"text": SAID}]}
ANSWER = cited_answer(SAID, SAID)
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

    async with hostile_upstream(script, reply=reply) as upstream:
        base_url = upstream.base_url if provider == "openai" else upstream.origin
        once: dict[str, Any] = {"max_retries": 0, **settings}
        chosen = Settings(
            model=f"{provider}:m",
            base_url=base_url,
            api_key=SecretStr("key-of-the-upstream"),
            **once,
        )
        async with LifespanManager(create_app(chosen)) as running:
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
        assert [e["type"] for e in told] == ["started", *["delta"] * (len(told) - 2), "failed"]
        problem = told[-1]["problem"]
        assert problem["code"] in ("upstream-failed", "upstream-unavailable")
        assert problem["detail"]
        assert problem["received"] == "".join(event["text"] for event in told[1:-1])
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


async def test_endless_stream_ends_with_its_time() -> None:
    async with service_on(Endless()) as client:
        headers = {"x-request-timeout": "0.5"}
        told = events(await client.post("/answers/stream", json=QUESTION, headers=headers))
        assert told[-1]["type"] == "failed"
        assert told[-1]["problem"]["code"] == "deadline-exceeded"
        assert told[-1]["problem"]["spent_seconds"]["upstream"] > 0.3


async def test_one_broken_translation_does_not_end_the_others() -> None:
    async with service_on(StreamReset(2)) as client:
        told = events(await client.post("/translations/stream", json=REVIEWS))
        assert told[-1]["type"] == "completed"
        problems = [item["problem"] for item in told[-1]["result"]["translations"]]
        (broken,) = [problem for problem in problems if problem]
        assert broken["code"].startswith("upstream-")
        assert broken["received"]


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e3", "nan", "inf", "1,5", " ", "1000000"])
async def test_malformed_timeout_is_a_problem(value: str) -> None:
    async with service_on(Good()) as client:
        headers = {"x-request-timeout": value}
        response = await client.post("/answers", json=QUESTION, headers=headers)
        assert response.status_code == 400
        assert response.json()["code"] == "header-invalid"
        assert "X-Request-Timeout" in response.json()["detail"]


async def test_deadline_is_a_problem_that_tells_what_was_spent() -> None:
    async with service_on(Good(delay=1.0)) as client:
        headers = {"x-request-timeout": "0.2"}
        response = await client.post("/answers", json=QUESTION, headers=headers)
        assert response.status_code == 504
        problem = response.json()
        assert problem["code"] == "deadline-exceeded"
        spent = problem["spent_seconds"]
        assert set(spent) == {"queue", "backoff", "upstream", "own"}
        assert spent["upstream"] == pytest.approx(0.2, abs=0.1)


async def test_response_tells_where_it_came_from() -> None:
    async with service_on(Good(), cache_ttl=60) as client:
        told = [(await client.post("/answers", json=QUESTION)).headers["cache-status"]]
        for wishes in ("", "no-cache", "no-store", "=,;malformed"):
            headers = {"cache-control": wishes}
            response = await client.post("/answers", json=QUESTION, headers=headers)
            told.append(response.headers["cache-status"])
        stream = await client.post("/answers/stream", json=QUESTION)
        told.append(stream.headers["cache-status"])
        stored, hit, fresh = "fwd=miss; stored", "hit", "fwd=request"
        assert told == [f"Groundwork; {x}" for x in (stored, hit, fresh, fresh, hit, hit)]


async def test_useless_answer_is_not_kept() -> None:
    async with service_on(Good("no ticket"), cache_ttl=60) as client:
        for _ in range(2):
            response = await client.post("/tickets", json={"text": "My lamp broke."})
            assert response.json()["code"] == "model-output-invalid"
            assert response.headers["cache-status"] == "Groundwork; fwd=miss; stored"


async def test_readiness_tells_how_things_stand() -> None:
    async with service_on(Good()) as client:
        await client.post("/answers", json=QUESTION)
        report = (await client.get("/readyz")).json()
        assert report["status"] == "ready"
        assert report["upstream"] == {
            "breaker": "closed",
            "concurrency": 16,
            "running": 0,
            "queued": 0,
            "output_mode": "schema",
            "output_modes": {
                "schema": "honoured",
                "tool": "untried",
                "json": "untried",
                "prompt": "untried",
            },
        }
