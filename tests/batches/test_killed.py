"""Processes of the service that are killed with -9: no row is lost, few are asked twice."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from app.batches.worker import LEASE_SECONDS
from tests.batches.bulk import (
    answered,
    begin,
    lines,
    results,
    right,
    starting,
    state,
    until_ended,
)
from tests.fire.service import knows_the_password, reply
from tests.hostile.behaviours import Good, ResetBeforeAnswer, ResetMidBody, Status
from tests.hostile.calls import marker_of
from tests.hostile.scripts import always, mixed
from tests.hostile.upstream import hostile_upstream
from tests.service import Service, beside
from tests.virtual import now

pytestmark = pytest.mark.slow

ROWS = 2_000
PLACES = 16
FAILURES = {
    "500": Status(500),
    "503": Status(503),
    "reset": ResetBeforeAnswer(),
    "reset mid-body": ResetMidBody(),
}
MODEL_SECONDS = 0.1
KILLED_AFTER = 5.0  # seconds
PATIENCE = 60.0  # of a test on a machine that does other things, too

settings = {"max_concurrency": str(PLACES)}


async def test_killed_again_and_again(tmp_path: Path) -> None:
    good = Good(delay=MODEL_SECONDS)
    failing = knows_the_password(mixed(1, 0.1, FAILURES, good))
    undisturbed = await _undisturbed(tmp_path)
    kills = 0
    async with hostile_upstream(failing, reply=reply) as upstream:
        start = partial(starting, upstream, tmp_path, f"sqlite:///{tmp_path}/batches.db")
        batch = ""
        while True:
            async with beside(start(**settings)) as service:
                batch = batch or await _begun(service)
                try:
                    ended = await until_ended(service.client, batch, KILLED_AFTER)
                except TimeoutError:
                    kills += 1
                    assert kills < 50, "it does not come to an end"
                    continue
                written = await asyncio.to_thread(results, service.client, batch)
                break
        twice = answered(upstream.calls).total() - ROWS
        failed = sum(type(each.behaviour) is not Good for each in upstream.calls)
    print(  # noqa: T201
        f"\nkilled {kills} times, {failed} calls failed: {twice} rows were answered twice "
        f"({kills * PLACES} might have been)"
    )
    assert kills >= 3
    assert ended["request_counts"] == {"total": ROWS, "completed": ROWS, "failed": 0}
    assert written == undisturbed
    assert 0 <= twice <= kills * PLACES


async def _begun(service: Service) -> str:
    return await asyncio.to_thread(begin, service.client, b"".join(lines(range(ROWS))))


async def _undisturbed(folder: Path) -> object:
    script = knows_the_password(always(Good()))
    database = f"sqlite:///{folder}/undisturbed.db"
    async with (
        hostile_upstream(script, reply=reply) as upstream,
        beside(starting(upstream, folder, database, **settings)) as service,
    ):
        batch = await _begun(service)
        await until_ended(service.client, batch)
        written = await asyncio.to_thread(results, service.client, batch)
        issues = [json.loads(line)["result"]["issue"] for line in written]
        assert issues == [right(number) for number in range(ROWS)]
        assert set(answered(upstream.calls).values()) == {1}
        return written


async def test_processes_share_a_batch_and_take_over_anothers_rows(
    tmp_path: Path, database: str
) -> None:
    processes = 2 if database.startswith("sqlite") else 3
    script = knows_the_password(always(Good(delay=MODEL_SECONDS)))
    async with hostile_upstream(script, reply=reply) as upstream, AsyncExitStack() as stack:
        services = [
            await stack.enter_async_context(
                beside(starting(upstream, tmp_path, database, f"m{number}", **settings))
            )
            for number in range(processes)
        ]
        batch = await _begun(services[0])
        await _until_asked(services[1].client, batch, ROWS // 4)
        services[0].process.kill()
        killed = now()
        ended = await until_ended(services[1].client, batch)
        written = await asyncio.to_thread(results, services[1].client, batch)
        calls = [each for each in upstream.calls if marker_of(each.call.text)]
    by_model = Counter(each.call.body["model"] for each in calls)
    first_to_ask = {marker_of(each.call.text): each.call.body["model"] for each in reversed(calls)}
    again = [
        each.arrived
        for each in calls
        if first_to_ask[marker_of(each.call.text)] == "m0" and each.call.body["model"] != "m0"
    ]
    twice = answered(calls).total() - ROWS
    print(f"\nshared {dict(by_model)}, {twice} rows answered twice")  # noqa: T201
    assert ended["request_counts"] == {"total": ROWS, "completed": ROWS, "failed": 0}
    assert [json.loads(line)["result"]["issue"] for line in written] == [
        right(number) for number in range(ROWS)
    ]
    assert len(by_model) == processes, "all had their part"
    assert min(by_model.values()) > PLACES
    assert twice <= PLACES
    assert all(LEASE_SECONDS / 2 < at - killed < LEASE_SECONDS + PATIENCE for at in again)


async def _until_asked(client: httpx.Client, batch: str, rows: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await asyncio.to_thread(state, client, batch)
            if found["request_counts"]["completed"] >= rows:
                return
            await asyncio.sleep(0.1)
