"""The floor: Starlette and aiohttp's client, nothing else.

It does no more than it must: the body is prepared but for the email, the ticket goes back
unread, and a stream goes through as it is.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from upstream import (
    ANSWERS,
    ANSWERS_PREFIX,
    API_KEY,
    BASE_URL,
    TICKETS,
    TICKETS_PREFIX,
    answer_messages,
    ticket_messages,
)

URL = f"{BASE_URL}/chat/completions"
HEADERS = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}


def prepared(parameters: dict[str, Any], prefix: list[dict[str, str]]) -> tuple[bytes, bytes]:
    """A body cut in two where the last message's content goes."""
    body = {"messages": [*prefix, {"role": "user", "content": "\0"}], **parameters}
    before, _, after = json.dumps(body).partition(json.dumps("\0"))
    return before.encode(), after.encode()


TICKET_BODY = prepared(TICKETS, TICKETS_PREFIX)
ANSWER_BODY = prepared(ANSWERS, ANSWERS_PREFIX)


def filled(body: tuple[bytes, bytes], message: dict[str, str]) -> bytes:
    return body[0] + json.dumps(message["content"]).encode() + body[1]


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        yield {"session": session}


async def tickets(request: Request) -> Response:
    email = await request.json()
    data = filled(TICKET_BODY, ticket_messages(email["subject"], email["body"])[-1])
    async with request.state.session.post(URL, data=data) as reply:
        reply.raise_for_status()
        completion = json.loads(await reply.read())
    ticket = completion["choices"][0]["message"]["content"]
    return Response(ticket, media_type="application/json")


async def answers(request: Request) -> Response:
    asked = await request.json()
    data = filled(ANSWER_BODY, answer_messages(asked["question"])[-1])

    async def events() -> AsyncIterator[bytes]:
        async with request.state.session.post(URL, data=data) as reply:
            reply.raise_for_status()
            async for piece in reply.content.iter_any():
                yield piece

    return StreamingResponse(events(), media_type="text/event-stream")


app = Starlette(
    routes=[
        Route("/tickets", tickets, methods=["POST"]),
        Route("/answers/stream", answers, methods=["POST"]),
    ],
    lifespan=lifespan,
)
