"""How many Python calls a request makes in each feature: what nobody guarded was lost once.

The number does not depend on the machine; how long they take is the bench's business. Whoever makes a
request dearer on purpose raises the bound, and says so.
"""

import asyncio
import cProfile
import json
import pstats
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from app.factory import create_app
from tests.callers.keyring import given_out
from tests.wire.replies import openai_message, openai_stream, said_answer
from tests.wire.upstream import body_of, settings

EMAIL = {
    "subject": "Charged twice",
    "body": "Hello,\n\nI renewed Inkwell Pro for our team last week. Today I see that you charged me "
    "twice for it: two payments of 49 euros on the same day.\n\nThanks,\nMia Cole",
}
PASSAGE = (
    "The warranty of the Lumo lamp lasts three years from the day of purchase. Keep the receipt."
)
QUESTION = {
    "question": "How long does the warranty last?",
    "documents": [{"title": f"Lumo {number}", "text": PASSAGE * 3} for number in range(8)],
}
TICKET = json.dumps(
    {
        "issue": "Charged twice",
        "summary": "The customer was charged twice and wants one payment back.",
        "product": "Inkwell Pro",
        "urgency": "high",
        "category": "billing",
        "sentiment": "negative",
        "entities": [{"type": "amount", "text": "49 euros"}],
        "questions": [],
        "injection": None,
    }
)
REVIEW = {"text": ["Das Produkt ist sehr gut."], "target_lang": "EN", "source_lang": "DE"}
MOST = {
    "/tickets": 1_500,
    "/answers/stream": 2_500,
    "/translations": 1_850,
}  # a seventh more than now
MOST_FOR_A_KEY = 30
MOST_FOR_LIMITS = 110  # all four
ROUNDS = 20


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/models"):
        return httpx.Response(200, json={})
    body = body_of(request)
    if "capital of France" in str(body["messages"][-1]):
        return openai_message('{"word": "heliotrope-4711"}')
    if body.get("stream"):
        return openai_stream(said_answer("Three years.", 1).split(" "))
    return openai_message(TICKET if "response_format" in body else "The product is very good.")


async def ask(
    app: FastAPI, state: dict[str, Any], path: str, body: dict[str, Any], key: str = ""
) -> int:
    """The status of one request, straight to the application: no client's calls are counted."""
    content = json.dumps(body).encode()
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            *([(b"authorization", f"Bearer {key}".encode())] if key else []),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": dict(state),
    }
    await app(scope, receive, send)  # pyright: ignore[reportArgumentType]
    return int(sent[0]["status"])


@pytest.fixture
async def running() -> AsyncGenerator[tuple[FastAPI, dict[str, Any]]]:
    app = create_app(settings("openai"), open_http=lambda: httpx.MockTransport(answer))
    async with LifespanManager(app) as manager:
        yield app, manager._state  # pyright: ignore[reportPrivateUsage] # it gives it nowhere


@pytest.mark.parametrize(
    ("path", "body"),
    [("/tickets", EMAIL), ("/answers/stream", QUESTION), ("/translations", REVIEW)],
)
async def test_calls_of_a_request(
    running: tuple[FastAPI, dict[str, Any]], path: str, body: dict[str, Any]
) -> None:
    calls = await calls_of(*running, path, body)
    print(f"\n{path}: {calls:.0f} calls")  # noqa: T201
    assert calls <= MOST[path]


async def test_calls_of_a_key(running: tuple[FastAPI, dict[str, Any]], tmp_path: Path) -> None:
    key = given_out(tmp_path / "keys.toml", scopes=["tickets"])
    keyed = create_app(
        settings("openai", keys=tmp_path / "keys.toml"),
        open_http=lambda: httpx.MockTransport(answer),
    )
    without = await calls_of(*running, "/tickets", EMAIL)
    async with LifespanManager(keyed) as manager:
        state = manager._state  # pyright: ignore[reportPrivateUsage]
        more = await calls_of(keyed, state, "/tickets", EMAIL, key) - without
    print(f"\na key: {more:.0f} calls")  # noqa: T201
    assert 10 <= more <= MOST_FOR_A_KEY


async def test_calls_of_limits(running: tuple[FastAPI, dict[str, Any]]) -> None:
    limits = {
        f"limit_{name}": 1_000_000 for name in ("requests", "tokens", "budget", "concurrency")
    }
    limited = create_app(
        settings("openai", prices="input=1,output=2", **limits),
        open_http=lambda: httpx.MockTransport(answer),
    )
    without = await calls_of(*running, "/tickets", EMAIL)
    async with LifespanManager(limited) as manager:
        state = manager._state  # pyright: ignore[reportPrivateUsage]
        more = await calls_of(limited, state, "/tickets", EMAIL) - without
    print(f"\nlimits: {more:.0f} calls")  # noqa: T201
    assert 10 <= more <= MOST_FOR_LIMITS


async def calls_of(
    app: FastAPI, state: dict[str, Any], path: str, body: dict[str, Any], key: str = ""
) -> int:
    """How many calls a request makes, while nothing else happens in the process."""
    for _ in range(ROUNDS):  # what is made once is made now
        assert await ask(app, state, path, body, key) == 200
    return min([await _counted(app, state, path, body, key) for _ in range(ROUNDS)])


async def _counted(
    app: FastAPI, state: dict[str, Any], path: str, body: dict[str, Any], key: str
) -> int:
    profile = cProfile.Profile()
    profile.enable()
    await ask(app, state, path, body, key)
    profile.disable()
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
