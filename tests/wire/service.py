"""The whole application in process, on an upstream of the mind that says what a function says."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from asgi_lifespan import LifespanManager

from app.factory import create_app
from tests.wire.replies import openai_message, openai_stream
from tests.wire.upstream import body_of, settings

PROBE = "capital of France"  # the gateway's own question in the background
Says = Callable[[list[dict[str, Any]]], str | httpx.Response]


@asynccontextmanager
async def service_on(
    says: Says, provider: str = "openai", **others: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application.

    Args:
        says: what the model answers to the messages of a call, or how its server fails.
        provider: whose model it is; ``embedded`` is a small one.
        others: settings.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={})
        body = body_of(request)
        probed = PROBE in body["messages"][-1]["content"]
        text = "Paris" if probed else says(body["messages"])
        if isinstance(text, httpx.Response):
            return text
        return openai_stream([text[:3], text[3:]]) if body.get("stream") else openai_message(text)

    app = create_app(settings(provider, **others), open_http=lambda: httpx.MockTransport(answer))
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client
