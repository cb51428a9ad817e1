"""A connection that breaks while requests are sent, and what all of them take of the memory."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from app import provision
from app.gateway import Prompt, PromptPrefix, Turn, transport
from app.gateway.batching import Ending
from tests.gateway.batching.provider import Dialect, Json, Provider
from tests.gateway.batching.server import served
from tests.gateway.batching.stage import DIALECTS, stage, submitted

MANY, LARGE = 2_500, 15_000
MOST_MEMORY = 12_000_000
PREFIX = PromptPrefix("text", "Name it.")


def large(count: int) -> Iterator[Prompt]:
    for number in range(count):
        yield Prompt(PREFIX, (Turn("user", (f"{number} {'long ' * (LARGE // 5)}",)),))


@asynccontextmanager
async def breaking(origin: str) -> AsyncGenerator[str]:
    """Another address of the server, whose first connection breaks early."""
    address = urlsplit(origin)
    broke = False

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal broke
        if not broke:
            broke = True
            await reader.readexactly(100_000)
            writer.transport.abort()
            return
        there, to_there = await asyncio.open_connection(address.hostname, address.port)
        await asyncio.gather(pump(reader, to_there), pump(there, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_was_sent_in_part_is_sent_again(
    provider: Provider, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with breaking(provider.origin) as origin:
        monkeypatch.setattr(provision, "_ANTHROPIC", origin)
        monkeypatch.setattr(provision, "_OPENAI", f"{origin}/v1")
        async with stage(dialect) as (_, batches):
            await submitted(batches, large(400))
    (batch,) = provider.batches.values()
    assert len(batch.bodies) == 400


def forgetful(stalls: int = 0) -> FastAPI:
    """A provider that keeps nothing, and makes results up as they are read.

    Some downloads stall in the middle.
    """
    left = stalls
    app = FastAPI(telemetry={"tracing": False, "metrics": False})

    @app.post("/v1/messages/batches")
    async def create(request: Request) -> Json:
        async for _ in request.stream():
            pass
        return {"id": "b", "processing_status": "in_progress", "request_counts": {}}

    @app.get("/v1/messages/batches/b/results")
    async def results() -> StreamingResponse:
        nonlocal left
        is_stalling, left = left > 0, left - 1

        async def lines() -> AsyncIterator[str]:
            for number in range(MANY):
                if is_stalling and number == MANY // 2:
                    await asyncio.sleep(60)
                message = {"content": [{"type": "text", "text": "long " * (LARGE // 5)}]}
                result = {"type": "succeeded", "message": message}
                yield json.dumps({"custom_id": f"{number:032}", "result": result}) + "\n"

        return StreamingResponse(lines())

    return app


async def test_the_memory_has_a_bound() -> None:
    with served(forgetful()) as origin:
        async with stage("anthropic", base_url=origin) as (_, batches):
            tracemalloc.start()
            try:
                (name,) = await submitted(batches, large(MANY))
                count = 0
                async for _, outcome in batches.results(name):
                    assert outcome.ending is Ending.ANSWERED
                    count += 1
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert count == MANY
    assert peak < MOST_MEMORY < MANY * LARGE / 3


async def test_a_download_that_stalls_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_STALLED_SECONDS", 0.3)
    with served(forgetful(stalls=1)) as origin:
        async with stage("anthropic", base_url=origin) as (_, batches):
            keys = [key async for key, _ in batches.results("b")]
    assert len(keys) == len(set(keys)) == MANY
