"""The hostile upstream in memory does what the one on a socket does, on virtual time."""

import asyncio
from contextlib import aclosing
from typing import Any, cast

import httpx
import pytest

from tests.hostile.behaviours import (
    MEGABYTE,
    Behaviour,
    Drip,
    Endless,
    Good,
    Hang,
    Huge,
    ResetBeforeAnswer,
    ResetMidBody,
    Status,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
)
from tests.hostile.client import PATHS, request_body
from tests.hostile.memory import MemoryUpstream, memory_upstream
from tests.hostile.scripts import always
from tests.hostile.voices import Dialect
from tests.virtual import ON_VIRTUAL_TIME, now

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture
def anyio_backend() -> Any:
    return ON_VIRTUAL_TIME


@pytest.fixture(params=["openai", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return request.param


async def ask(
    upstream: MemoryUpstream, dialect: Dialect = "openai", *, stream: bool = False
) -> tuple[int, bytes]:
    """Status and body."""
    url, body = upstream.origin + PATHS[dialect], request_body(stream=stream)
    response = await upstream.http().handle_async_request(httpx.Request("POST", url, json=body))
    async with aclosing(response):
        stream_ = cast("httpx.AsyncByteStream", response.stream)
        return response.status_code, b"".join([piece async for piece in stream_])


@BOTH
async def test_good_answer_takes_its_time(dialect: Dialect, *, stream: bool) -> None:
    async with memory_upstream(always(Good(delay=30))) as upstream:
        begin = now()
        status, body = await ask(upstream, dialect, stream=stream)
        assert (status, now() - begin) == (200, 30)
        assert b"broken" in body.lower()
        await asyncio.sleep(1)
        (record,) = upstream.calls
        assert record.answered == begin + 30
        assert (upstream.in_flight, upstream.open_connections) == (0, 0)


async def test_gaps_add_up(dialect: Dialect) -> None:
    async with memory_upstream(always(Good("x" * 160, gap=1))) as upstream:
        begin = now()
        await ask(upstream, dialect, stream=True)
        frames = {"openai": 14, "anthropic": 15}[dialect]
        assert now() - begin == frames


async def test_slots_are_given_in_turn() -> None:
    async with memory_upstream(always(Good()), slots=2, service_time=1.0) as upstream:
        begin = now()
        await asyncio.gather(*(ask(upstream) for _ in range(6)))
        answered = [record.answered for record in upstream.calls]
        assert answered == [begin + seconds for seconds in (1, 1, 2, 2, 3, 3)]


async def test_status() -> None:
    async with memory_upstream(always(Status(429))) as upstream:
        status, _ = await ask(upstream)
        assert status == 429


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [
        (ResetBeforeAnswer(), False),
        (ResetMidBody(), False),
        (TruncatedBody(), False),
        (StreamReset(3), True),
        (TruncatedStream(2, "cut"), True),
    ],
    ids=repr,
)
async def test_what_breaks_is_an_error(behaviour: Behaviour, *, stream: bool) -> None:
    async with memory_upstream(always(behaviour)) as upstream:
        with pytest.raises(httpx.TransportError):
            await ask(upstream, stream=stream)
        (record,) = upstream.calls
        assert not record.finished
        assert record.client_left is None


@pytest.mark.parametrize("how", ["close", "last chunk"])
async def test_stream_without_terminator_is_none_to_http(how: Any) -> None:
    async with memory_upstream(always(TruncatedStream(2, how))) as upstream:
        status, body = await ask(upstream, stream=True)
        assert status == 200
        assert b"[DONE]" not in body
        assert not upstream.calls[0].finished


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [
        (Hang(), False),
        (Drip(gap=1), True),
        (Endless(), True),
        (Endless(), False),
        (Good(delay=30), False),
    ],
    ids=repr,
)
async def test_leaving_client_is_noticed(behaviour: Behaviour, *, stream: bool) -> None:
    async with memory_upstream(always(behaviour)) as upstream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await ask(upstream, stream=stream)
        left = now()
        await asyncio.sleep(1)
        (record,) = upstream.calls
        assert record.client_left == record.ended == left
        assert (upstream.in_flight, upstream.open_connections) == (0, 0)


async def test_much_is_not_sent_before_it_is_read() -> None:
    async with memory_upstream(always(Huge(50 * MEGABYTE))) as upstream:
        url = upstream.origin + PATHS["openai"]
        request = httpx.Request("POST", url, json=request_body())
        response = await upstream.http().handle_async_request(request)
        await asyncio.sleep(1)
        assert upstream.in_flight == 1
        left = now()
        await response.aclose()
        await asyncio.sleep(1)
        assert upstream.calls[0].client_left == left
