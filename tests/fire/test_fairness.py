"""Nobody has to wait for what others do, nor is sent away for it."""

import asyncio
from pathlib import Path

import pytest

from tests.fire.front import Front, Reply, closed_loop, knows_the_password, open_loop, service_on
from tests.hostile.behaviours import Good
from tests.hostile.calls import Call
from tests.hostile.scripts import always
from tests.hostile.upstream import HostileUpstream, hostile_upstream

SLOTS = 8
SLOW_SECONDS, QUICK_SECONDS = 5.0, 0.1
_FRAMES = 14  # of a stream of ten deltas

_STREAM = Good("x" * 160, gap=SLOW_SECONDS / _FRAMES)


@pytest.mark.parametrize("slow", ["answers", "tickets"])
async def test_slow_feature_cannot_starve_another(slow: str, tmp_path: Path) -> None:
    def script(call: Call) -> Good:
        if call.stream == (slow == "answers"):
            return _STREAM if call.stream else Good(delay=SLOW_SECONDS)
        return Good(delay=QUICK_SECONDS)

    async with (
        hostile_upstream(knows_the_password(script), slots=SLOTS) as upstream,
        service_on(upstream, tmp_path, max_concurrency=str(SLOTS)) as front,
    ):
        ask = {"answers": front.stream, "tickets": front.ticket}
        quick = ask["tickets" if slow == "answers" else "answers"]
        assert (await quick(0)).status == 200
        crowd = [asyncio.ensure_future(ask[slow](number)) for number in range(100, 124)]
        await asyncio.sleep(0.5)
        replies = await open_loop(quick, rate=8, seconds=3, first=1)
        held = _held(upstream)
        await _leave(crowd)
        slowest = max(reply.seconds for reply in replies)
        print(f"\nfairness: {slow} held {held} of {SLOTS}, others within {slowest:.3f} s")  # noqa: T201
        assert {reply.status for reply in replies} == {200}
        assert slowest < QUICK_SECONDS + 0.2
        assert held == 6
        assert await _is_left_alone(front, upstream)


def _held(upstream: HostileUpstream) -> int:
    """How many calls are under way."""
    return sum(record.ended is None for record in upstream.calls)


async def _leave(crowd: list[asyncio.Task[Reply]]) -> None:
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)


async def _is_left_alone(front: Front, upstream: HostileUpstream) -> bool:
    """Whether the calls of those who left are ended."""
    for _ in range(20):
        state = await front.state()
        if (state["running"], state["queued"], upstream.in_flight) == (0, 0, 0):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_64_clients_at_once_are_all_served(tmp_path: Path) -> None:
    """They come all at once, to a service that knows nothing of its upstream yet."""
    async with (
        hostile_upstream(knows_the_password(always(Good(delay=0.15))), slots=SLOTS) as upstream,
        service_on(upstream, tmp_path) as front,
    ):
        replies = await closed_loop(front.ticket, requests=320, clients=64)
        slowest = max(reply.seconds for reply in replies)
        print(f"\n64 clients: {len(replies)} requests, slowest {slowest:.2f} s")  # noqa: T201
        assert {reply.status for reply in replies} == {200}
