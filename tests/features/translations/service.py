"""The whole application in process, on a model that says what a function says."""

import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from pydantic import SecretStr
from pydantic_core import from_json

from app.factory import create_app
from app.features import translations
from app.settings import Settings
from tests.wire.upstream import events

Messages = list[dict[str, Any]]
Says = Callable[[Messages], str | httpx.Response]

_MARKED = re.compile(r"\[([0-9a-f]{8})\]\n(.*?)\n\[/\1\]", re.DOTALL)


def asked(messages: Messages) -> str:
    """All that the user's turn of a call says."""
    text: str = messages[-1]["content"]
    return text


def marked(messages: Messages) -> list[str]:
    """What stands between marks in it: the text to translate first."""
    return [text for _, text in _MARKED.findall(asked(messages))]


def text_of(messages: Messages) -> str:
    """The text to translate."""
    return marked(messages)[0]


@asynccontextmanager
async def service_on(says: Says, **settings: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application, whose model answers the messages of a call with ``says``."""

    def answer(request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = from_json(request.content) if request.content else {}
        if "messages" not in body or "schema" in str(body.get("response_format")):
            return httpx.Response(200, json={})  # the gateway's own questions
        text = says(body["messages"])
        if isinstance(text, httpx.Response):
            return text
        return _streamed([text[:3], text[3:]]) if body.get("stream") else _message(text)

    once: dict[str, Any] = {"max_retries": 0, **settings}  # what one call makes of an answer
    chosen = Settings(model="openai:some-model", api_key=SecretStr("key"), **once)
    app = create_app(chosen, features=[translations], open_http=lambda: httpx.MockTransport(answer))
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client


USAGE = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}


def _message(text: str) -> httpx.Response:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return httpx.Response(200, json={"model": "model-1", "choices": [choice], "usage": USAGE})


def _streamed(pieces: list[str]) -> httpx.Response:
    choices = [{"delta": {"content": piece}} for piece in pieces]
    chunks = [json.dumps({"choices": [c]}) for c in [*choices, {"finish_reason": "stop"}]]
    return events(*chunks, json.dumps({"usage": USAGE}), "[DONE]")
