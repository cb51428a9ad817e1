"""The hostile upstream notices a client that leaves, whatever it is doing for it."""

import asyncio
import time

import pytest

from tests.hostile.behaviours import (
    MEGABYTE,
    Behaviour,
    Drip,
    Endless,
    Good,
    Hang,
    Huge,
    Silence,
)
from tests.hostile.client import PATHS, client_of, request_body
from tests.hostile.scripts import always
from tests.hostile.upstream import hostile_upstream
from tests.hostile.voices import Dialect

pytestmark = pytest.mark.parametrize("dialect", ["openai", "anthropic"])

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [
        (Hang(), False),
        (Hang(), True),
        (Good(delay=30), False),
        (Drip(gap=0.001), False),
        (Drip(gap=30), False),
        (Drip(gap=30), True),
        (Huge(1000 * MEGABYTE), False),
        (Huge(1000 * MEGABYTE), True),
        (Endless(gap=30), False),
        (Endless(gap=0.01), True),
        (Silence(gap=30), True),
        (Good(gap=30), True),
    ],
    ids=repr,
)
async def test_leaving_client_is_noticed(
    dialect: Dialect, behaviour: Behaviour, *, stream: bool
) -> None:
    async with hostile_upstream(always(behaviour)) as upstream, client_of(upstream) as client:
        asking = asyncio.create_task(client.ask(stream=stream, dialect=dialect, most=MEGABYTE**2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asking), 0.03)
        left = time.monotonic()
        asking.cancel()
        await asyncio.sleep(0.05)
        (record,) = upstream.calls
        assert record.client_left
        assert record.ended
        assert -0.02 < record.client_left - left < 0.1
        assert not record.finished
        assert (upstream.in_flight, upstream.open_connections) == (0, 0)


@BOTH
async def test_leaving_client_that_does_not_read_is_noticed(
    dialect: Dialect, *, stream: bool
) -> None:
    async with hostile_upstream(always(Huge())) as upstream, client_of(upstream) as client:
        url, body = upstream.origin + PATHS[dialect], request_body(stream=stream)
        response = await client.session.post(url, json=body)
        await asyncio.sleep(0.05)
        (record,) = upstream.calls
        assert record.ended is None
        left = time.monotonic()
        response.close()
        await asyncio.sleep(0.02)
        assert record.client_left
        assert 0 <= record.client_left - left < 0.1
        assert not record.finished
