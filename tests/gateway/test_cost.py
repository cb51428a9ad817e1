"""What a request costs that can be counted: Python calls on its way through the gateway.

The bench measures seconds; they depend on the machine, and this does not. The bounds are what was
counted when they were set, and a twentieth: whoever exceeds one looks at what is done for each
request, or each event of a stream, that could be done once.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from app.gateway import ModelGateway
from app.gateway.call import Call, set_call
from app.provision import make_gateway
from app.settings import Settings
from tests.gateway.support import answer_prompt, ticket_prompt
from tests.hostile.replies import openai_message, openai_stream
from tests.virtual import now

TOKENS = 40
WHOLE, STREAM = 402, 2190


class Ready(httpx.AsyncBaseTransport):
    """Has its answers ready: a whole one, and a stream of which each event is a piece."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b'"stream":true' not in request.content:
            body, kind = _Pieces(openai_message('{"issue": "x"}')), "application/json"
        else:
            body = _Pieces(*openai_stream([f"word{n} " for n in range(TOKENS)]))
            kind = "text/event-stream"
        return httpx.Response(200, headers={"content-type": kind}, stream=body)


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def counted(ask: Callable[[], Awaitable[object]]) -> int:
    """Calls of Python and C functions, but for what makes the upstream's answer."""
    calls = 0
    hidden = 0

    def count(frame: Any, event: str, _argument: object) -> None:
        nonlocal calls, hidden
        if frame.f_code is Ready.handle_async_request.__code__:
            hidden += {"call": 1, "return": -1}.get(event, 0)
        elif not hidden and event in ("call", "c_call"):
            calls += 1

    sys.setprofile(count)
    try:
        await ask()
    finally:
        sys.setprofile(None)
    return calls


async def whole(gateway: ModelGateway) -> None:
    set_call(Call(tenant=b"Bearer x", clock=now))
    await gateway.complete(ticket_prompt())


async def stream(gateway: ModelGateway) -> None:
    set_call(Call(tenant=b"Bearer x", clock=now))
    async with aclosing(gateway.stream(answer_prompt())) as chunks:
        async for _ in chunks:
            pass


@pytest.mark.parametrize(("ask", "most"), [(whole, WHOLE), (stream, STREAM)])
async def test_calls_are_bounded(ask: Callable[[ModelGateway], Awaitable[None]], most: int) -> None:
    settings = Settings(model="openai:m", base_url="http://upstream.test/v1")
    async with aclosing(make_gateway(settings, None, Ready, clock=now)) as gateway:
        for _ in range(3):
            await ask(gateway)
        calls = await counted(lambda: ask(gateway))
        print(f"\n{ask.__name__}: {calls} calls")  # noqa: T201
        assert calls <= most
