"""The whole application in process, on an upstream of the mind that says what a function says."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from asgi_lifespan import LifespanManager

from app.factory import create_app
from app.features import answers, tickets
from tests.wire.replies import TICKET, openai_message, openai_stream, said_answer
from tests.wire.upstream import body_of, settings

PROBE = "capital of France"  # the gateway's own question in the background
Says = Callable[[list[dict[str, Any]]], str | httpx.Response]


def good(messages: list[dict[str, Any]]) -> str:
    """What a good model says to the messages of a call: a ticket, an answer or a translation."""
    instruction: str = messages[0]["content"]
    if instruction.startswith(tickets.FEATURE.instruction):
        return TICKET
    if instruction.startswith(answers.FEATURE.instruction):
        return said_answer("It lasts three years.", 1)
    return "The product is very good."


def replied(says: Says, body: dict[str, Any]) -> httpx.Response:
    """An OpenAI-compatible server's response to a call, its stream in two pieces."""
    probed = PROBE in body["messages"][-1]["content"]
    text = '{"word": "heliotrope-4711"}' if probed else says(body["messages"])
    if isinstance(text, httpx.Response):
        return text
    return openai_stream([text[:3], text[3:]]) if body.get("stream") else openai_message(text)


def upstream_that(says: Says) -> httpx.MockTransport:
    """An upstream of the mind.

    Args:
        says: what the model answers to the messages of a call, or how its server fails.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={})
        return replied(says, body_of(request))

    return httpx.MockTransport(answer)


@asynccontextmanager
async def service_on(
    says: Says = good, provider: str = "openai", **others: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application.

    Args:
        says: what the model answers to the messages of a call, or how its server fails.
        provider: whose model it is.
        others: settings.
    """
    app = create_app(settings(provider, **others), open_http=lambda: upstream_that(says))
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client
