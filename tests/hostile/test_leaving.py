"""The hostile upstream notices a client that leaves, whatever it is doing for it."""

import asyncio

import pytest

from tests.gateway.support import until
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
        await until(lambda: upstream.in_flight == 1)
        await asyncio.sleep(0.01)
        assert not asking.done()
        asking.cancel()
        await until(lambda: upstream.open_connections == upstream.in_flight == 0)
        (record,) = upstream.calls
        assert record.client_left
        assert record.ended
        assert not record.finished


@BOTH
async def test_leaving_client_that_does_not_read_is_noticed(
    dialect: Dialect, *, stream: bool
) -> None:
    async with hostile_upstream(always(Huge())) as upstream, client_of(upstream) as client:
        url, body = upstream.origin + PATHS[dialect], request_body(stream=stream)
        response = await client.session.post(url, json=body)
        await asyncio.sleep(0.01)
        (record,) = upstream.calls
        assert record.ended is None
        response.close()
        await until(lambda: record.client_left)
        assert not record.finished
