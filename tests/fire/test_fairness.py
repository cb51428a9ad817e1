"""Nobody has to wait for what others do, nor is sent away for it."""

import asyncio
from functools import partial
from itertools import count

import pytest

from app.callers import Caller
from app.errors import Overloaded
from tests.fire.crowd import closed_loop, marker, open_loop
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import Good
from tests.hostile.calls import Call
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always

SLOTS = 8
SLOW_SECONDS, QUICK_SECONDS = 5.0, 0.1
_FRAMES = 14  # of a stream of ten deltas

_STREAM = Good("x" * 160, gap=SLOW_SECONDS / _FRAMES)


@pytest.mark.parametrize("slow", ["answers", "tickets"])
async def test_slow_feature_cannot_starve_another(slow: str) -> None:
    """The slow one is a crowd of 24, of streams that hold their places or of whole answers."""

    def script(call: Call) -> Good:
        if call.stream == (slow == "answers"):
            return _STREAM if call.stream else Good(delay=SLOW_SECONDS)
        return Good(delay=QUICK_SECONDS)

    async with (
        memory_upstream(script, slots=SLOTS) as upstream,
        gateway_on(upstream, max_concurrency=SLOTS) as gateway,
    ):
        streams = partial(ask, gateway, stream=True)
        whole = partial(ask, gateway)
        slow_ask, quick_ask = (streams, whole) if slow == "answers" else (whole, streams)
        slow_prompt, quick_prompt = answer_prompt, ticket_prompt
        if slow == "tickets":
            slow_prompt, quick_prompt = ticket_prompt, answer_prompt
        assert (await quick_ask(quick_prompt(marker(0)))).completion
        crowd = [slow_ask(slow_prompt(marker(number))) for number in range(100, 124)]
        await asyncio.sleep(0.5)
        outcomes = await open_loop(
            lambda number: quick_ask(quick_prompt(marker(number))), rate=8, seconds=3, first=1
        )
        held = sum(record.ended is None for record in upstream.calls)
        for task in crowd:
            task.cancel()
        await asyncio.wait(crowd)
        assert all(outcome.completion for outcome in outcomes)
        assert [outcome.seconds for outcome in outcomes] == [pytest.approx(QUICK_SECONDS)] * 24
        assert held == 6
        await asyncio.sleep(1)
        assert (gateway.admission.running, gateway.admission.queued, upstream.in_flight) == (
            0,
            0,
            0,
        )


async def test_64_clients_at_once_are_all_served() -> None:
    """They come all at once, to a gateway that knows nothing of its upstream yet."""
    async with (
        memory_upstream(always(Good(delay=0.15)), slots=SLOTS) as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcomes = await closed_loop(
            lambda number: ask(gateway, ticket_prompt(marker(number))), requests=320, clients=64
        )
        assert all(outcome.completion for outcome in outcomes)


@pytest.mark.parametrize("pressing", [False, True], ids=["at once", "again and again"])
async def test_callers_are_served_in_turn(*, pressing: bool) -> None:
    """One asks 150 times at once, and perhaps again whatever becomes of it; another 28 times."""
    async with (
        memory_upstream(always(Good(delay=0.5)), slots=SLOTS) as upstream,
        gateway_on(upstream, max_concurrency=SLOTS) as gateway,
    ):
        numbers = count(1000)

        async def hog() -> None:
            while True:
                asking = ask(gateway, ticket_prompt(marker(next(numbers))), caller=Caller("hog"))
                await asking
                if not pressing:
                    return
                await asyncio.sleep(0.25)

        crowd = [asyncio.create_task(hog()) for _ in range(150)]
        await asyncio.sleep(5 if pressing else 0.1)
        others = [
            ask(gateway, ticket_prompt(marker(number)), caller=Caller("other"))
            for number in range(28)
        ]
        outcomes = await asyncio.gather(*others)
        assert [outcome.error for outcome in outcomes] == [None] * 28
        slowest = max(outcome.seconds for outcome in outcomes)
        assert slowest <= 2 * 28 / SLOTS * 0.5 + 1  # half of the places, and one call to wait for
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)


async def test_who_has_most_in_a_full_queue_loses_the_newest() -> None:
    async with (
        memory_upstream(always(Good(delay=0.5)), slots=1) as upstream,
        gateway_on(upstream, max_concurrency=1, queue_size=4) as gateway,
    ):
        mine = [ask(gateway, ticket_prompt(marker(n)), caller=Caller("a")) for n in range(5)]
        await asyncio.sleep(0.1)
        theirs = [ask(gateway, ticket_prompt(marker(n)), caller=Caller("b")) for n in range(10, 13)]
        outcomes = await asyncio.gather(*mine, *theirs)
        shed = [isinstance(outcome.error, Overloaded) for outcome in outcomes]
        assert shed == [False, False, False, True, True, False, False, True]
        assert outcomes[3].failure.headers["Retry-After"]
        assert (gateway.admission.running, gateway.admission.queued) == (0, 0)
