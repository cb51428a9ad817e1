"""The floor: Starlette and aiohttp's client, nothing else.

It does no more than it must: the body is prepared but for what is new, the model's words go back
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
from upstream import ANSWERS, API_KEY, BASE_URL, TICKETS, TRANSLATIONS, messages

URL = f"{BASE_URL}/chat/completions"
HEADERS = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}


def prepared(kind: str, parameters: dict[str, Any]) -> tuple[bytes, bytes]:
    """A body cut in two where the text goes that is new in each request."""
    body = json.dumps({"messages": messages(kind, "\0"), **parameters})
    before, _, after = body.partition(json.dumps("\0")[1:-1])
    return before.encode(), after.encode()


TICKET_BODY = prepared("tickets", TICKETS)
ANSWER_BODY = prepared("answers", ANSWERS)
TRANSLATION_BODY = prepared("translations", TRANSLATIONS)


def filled(body: tuple[bytes, bytes], text: str) -> bytes:
    return body[0] + json.dumps(text)[1:-1].encode() + body[1]


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        yield {"session": session}


async def tickets(request: Request) -> Response:
    email = await request.json()
    data = filled(TICKET_BODY, f"Subject: {email['subject']}\n{email['body']}")
    return Response(await complete(request, data), media_type="application/json")


async def translations(request: Request) -> Response:
    (text,) = (await request.json())["text"]
    return Response(await complete(request, filled(TRANSLATION_BODY, text)))


async def complete(request: Request, data: bytes) -> str:
    async with request.state.session.post(URL, data=data) as reply:
        reply.raise_for_status()
        completion = json.loads(await reply.read())
    written: str = completion["choices"][0]["message"]["content"]
    return written


async def answers(request: Request) -> Response:
    asked = await request.json()
    data = filled(ANSWER_BODY, asked["question"])

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
        Route("/translations", translations, methods=["POST"]),
    ],
    lifespan=lifespan,
)
