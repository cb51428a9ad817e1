"""Callers that leave, over real sockets: what was asked for them alone is ended."""

import asyncio
import json

import httpx
import pytest

from tests.gateway.plain import but_for_the_probe, plain_app, served
from tests.gateway.support import until
from tests.hostile.behaviours import Endless, Hang
from tests.hostile.upstream import HostileUpstream, hostile_upstream

HELLO = {"text": "hello"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # sockets know no virtual time


async def connect(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request over a connection of its own, which the test can cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(HELLO).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def cut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def is_asked(upstream: HostileUpstream) -> None:
    """Wait until there is a call under way, after the service's own."""
    await until(lambda: len(upstream.calls) > 1 and upstream.in_flight == 1)


async def state(port: int) -> dict[str, int]:
    async with httpx.AsyncClient() as client:
        ready = await client.get(f"http://127.0.0.1:{port}/readyz")
    told: dict[str, int] = ready.json()["upstream"]
    return told


@pytest.mark.parametrize("path", ["/whole", "/stream"])
async def test_call_ends_when_its_caller_leaves(path: str) -> None:
    async with (
        hostile_upstream(but_for_the_probe(Hang())) as upstream,
        served(plain_app(upstream)) as port,
    ):
        _, writer = await connect(port, path)
        await is_asked(upstream)
        await cut(writer)
        await until(lambda: upstream.in_flight == 0)
        assert upstream.calls[-1].client_left
        assert (await state(port))["running"] == 0


async def test_stream_ends_when_its_caller_leaves_amid_it() -> None:
    async with (
        hostile_upstream(but_for_the_probe(Endless())) as upstream,
        served(plain_app(upstream)) as port,
    ):
        reader, writer = await connect(port, "/stream")
        await reader.readuntil(b"on and on")
        await cut(writer)
        await until(lambda: upstream.in_flight == 0)
        assert upstream.calls[-1].client_left


async def test_call_that_is_shared_goes_on_for_the_other() -> None:
    async with hostile_upstream(but_for_the_probe(Hang())) as upstream:
        app = plain_app(upstream)
        async with served(app) as port:
            _, first = await connect(port, "/whole")
            _, second = await connect(port, "/whole")
            await until(lambda: app.state.under_way == 2)
            await is_asked(upstream)
            await cut(first)
            await until(lambda: app.state.under_way == 1)
            assert upstream.in_flight == 1
            await cut(second)
            await until(lambda: upstream.in_flight == 0)
        assert len(upstream.calls) == 2, "the service's own and one"
