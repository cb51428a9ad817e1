"""The service's own process over real sockets: chaos, and a shutdown that loses nothing."""

import asyncio
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.fire.crowd import closed_loop
from tests.fire.service import (
    ANSWERS,
    TICKETS,
    Front,
    Reply,
    is_right,
    knows_the_password,
    reply,
    service_on,
)
from tests.gateway.support import until
from tests.hostile.behaviours import Endless, Good, Hang
from tests.hostile.scripts import STREAM_FAILURES, WHOLE_FAILURES, always, mixed
from tests.hostile.upstream import HostileUpstream, hostile_upstream

pytestmark = pytest.mark.slow

FAILED_SHARE = 0.3
SECONDS = 20.0  # that a client gives a request

_HONEST = {"deadline-exceeded", "model-output-invalid"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # processes know no virtual time


async def test_chaos_of_tickets(tmp_path: Path) -> None:
    script = knows_the_password(mixed(1, FAILED_SHARE, WHOLE_FAILURES))
    async with (
        hostile_upstream(script, reply=reply) as upstream,
        service_on(upstream, tmp_path, attempt_timeout="2") as front,
    ):
        ask = partial(front.ask, TICKETS, within=SECONDS)
        replies = await closed_loop(ask, requests=1000, clients=16)
        good = [answer for answer in replies if answer.status == 200]
        _print("tickets", replies, upstream)
        assert all(is_right(TICKETS, answer.body, answer.number) for answer in good)
        assert len(good) >= 0.999 * len(replies)
        await _assert_nothing_is_left(front, upstream)


async def test_chaos_of_streams(tmp_path: Path) -> None:
    """A stream that has begun cannot begin again; none fails that has not."""
    script = knows_the_password(mixed(1, FAILED_SHARE, STREAM_FAILURES))
    async with (
        hostile_upstream(script, reply=reply) as upstream,
        service_on(upstream, tmp_path, attempt_timeout="2") as front,
    ):
        ask = partial(front.ask, ANSWERS, within=SECONDS)
        replies = await closed_loop(ask, requests=150, clients=16)
        _print("streams", replies, upstream)
        assert {answer.status for answer in replies} == {200}
        ends = Counter(answer.body[-1]["type"] for answer in replies)
        assert ends.keys() <= {"completed", "failed"}, "each has one end, and that is its last"
        assert ends["completed"] >= 0.85 * len(replies)
        for answer in replies:
            last = answer.body[-1]
            if last["type"] == "completed":
                right = is_right(ANSWERS, last, answer.number)
                assert right or not all(check["kept"] for check in last["result"]["checks"])
            else:
                code = last["problem"]["code"]
                assert code.startswith("upstream-") or code in _HONEST
        await _assert_nothing_is_left(front, upstream)


async def test_termination_lets_what_was_accepted_finish(tmp_path: Path) -> None:
    async with (
        hostile_upstream(knows_the_password(always(Good(delay=1))), reply=reply) as upstream,
        service_on(upstream, tmp_path) as front,
    ):
        whole, stream = await _asked(front, upstream)
        front.service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        refused = await front.ask(TICKETS, 3)
        assert refused.status is None
        assert is_right(TICKETS, (await whole).body, 1)
        assert is_right(ANSWERS, (await stream).body[-1], 2)
        assert await asyncio.to_thread(front.service.process.wait, 15) == 0


async def test_termination_fails_honestly_what_takes_too_long(tmp_path: Path) -> None:
    def script(call: object) -> Hang | Endless:
        return Endless() if getattr(call, "stream", False) else Hang()

    async with (
        hostile_upstream(knows_the_password(script), reply=reply) as upstream,
        service_on(upstream, tmp_path, shutdown_grace="0.5") as front,
    ):
        whole, stream = await _asked(front, upstream)
        front.service.process.send_signal(signal.SIGTERM)
        problem = await whole
        assert (problem.status, problem.problem) == (503, "shutting-down")
        last = (await stream).body[-1]
        assert last["type"] == "failed"
        assert last["problem"]["code"] == "shutting-down"
        assert await asyncio.to_thread(front.service.process.wait, 15) == 0
        await until(lambda: upstream.in_flight == 0)


async def _asked(
    front: Front, upstream: HostileUpstream
) -> tuple["asyncio.Task[Reply]", "asyncio.Task[Reply]"]:
    """A ticket and a stream that are under way."""
    await until(lambda: upstream.in_flight == 0)
    whole = asyncio.create_task(front.ask(TICKETS, 1))
    stream = asyncio.create_task(front.ask(ANSWERS, 2))
    await until(lambda: upstream.in_flight == 2)
    return whole, stream


def _print(what: str, replies: list[Reply], upstream: HostileUpstream) -> None:
    failed = Counter(answer.problem or answer.status for answer in replies)
    print(  # noqa: T201
        f"\nchaos, {what}: {len(replies)} requests, {len(upstream.calls)} calls, {dict(failed)}"
    )


async def _assert_nothing_is_left(front: Front, upstream: HostileUpstream) -> None:
    await until(lambda: upstream.in_flight == 0)
    state = await front.state()
    assert (state["running"], state["queued"]) == (0, 0)
    assert upstream.complaints == []
