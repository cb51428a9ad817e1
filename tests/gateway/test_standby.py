"""A model server that somebody keeps up: calls wait for it, and are made again when it was gone."""

import asyncio

import pytest

from app.errors import DeadlineExceeded, Overloaded, UpstreamFailed
from app.gateway import BreakerState
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import Behaviour, Good, Hang, ResetBeforeAnswer, Status, StreamReset
from tests.hostile.calls import Call
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always, in_turn


class Keeper:
    """Keeps a server up, as tests say."""

    def __init__(self, *, up: bool = True) -> None:
        self.generation = 1
        self._up = asyncio.Event()
        if up:
            self._up.set()

    def problem(self) -> str | None:
        return None if self._up.is_set() else "It is being started again."

    async def up(self) -> None:
        await self._up.wait()

    def gone(self) -> None:
        self.generation += 1
        self._up.clear()

    def back(self) -> None:
        self._up.set()

    def later(self, *, gone: float, back: float) -> None:
        """It is seen to be gone, and is back, so many seconds from now."""
        loop = asyncio.get_running_loop()
        loop.call_later(gone, self.gone)
        loop.call_later(back, self.back)


async def test_call_waits_for_a_server_that_is_being_started() -> None:
    keeper = Keeper(up=False)
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, standby=keeper) as gateway,
    ):
        asyncio.get_running_loop().call_later(3, keeper.back)
        assert await gateway.problem() == "It is being started again."
        outcome = await ask(gateway, ticket_prompt())
        assert outcome.completion
        assert outcome.seconds == pytest.approx(3)
        assert outcome.call.spent()["upstream"] == pytest.approx(3)
        assert len(upstream.calls) == 1
        assert await gateway.problem() is None


async def test_it_waits_within_its_deadline() -> None:
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, standby=Keeper(up=False)) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt(), timeout=2)
        assert isinstance(outcome.failure, DeadlineExceeded)
        assert outcome.seconds == pytest.approx(2)
        assert not upstream.calls


async def test_no_more_wait_than_may_queue() -> None:
    keeper = Keeper(up=False)
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, standby=keeper, queue_size=3) as gateway,
    ):
        waiting = [ask(gateway, ticket_prompt(f"[m-{number}]")) for number in range(3)]
        await asyncio.sleep(1)
        assert isinstance((await ask(gateway, ticket_prompt("[m-9]"))).failure, Overloaded)
        keeper.back()
        assert all(outcome.completion for outcome in await asyncio.gather(*waiting))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_calls_that_the_server_s_end_broke_are_made_again(*, stream: bool) -> None:
    """Though none is to be made again: neither the budget nor the breaker have to do with it."""
    keeper = Keeper()

    def script(call: Call) -> Behaviour:
        if call.number == 0:
            keeper.later(gone=0.5, back=4)
        return ResetBeforeAnswer() if call.number < 40 else Good()

    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, standby=keeper, max_retries=0, max_concurrency=40) as gateway,
    ):
        tasks = [ask(gateway, answer_prompt(f"[m-{n}]"), stream=stream) for n in range(40)]
        outcomes = await asyncio.gather(*tasks)
        assert all(outcome.completion for outcome in outcomes)
        assert max(outcome.seconds for outcome in outcomes) == pytest.approx(4)
        assert gateway.breaker.state is BreakerState.CLOSED
        assert gateway._retries.tokens == 500  # pyright: ignore[reportPrivateUsage]


async def test_server_may_be_back_before_anybody_looks() -> None:
    keeper = Keeper()

    def script(call: Call) -> Behaviour:
        if call.number:
            return Good()
        keeper.gone()
        keeper.back()
        return ResetBeforeAnswer()

    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, standby=keeper, max_retries=0) as gateway,
    ):
        assert (await ask(gateway, ticket_prompt())).completion


async def test_stream_that_has_begun_is_not() -> None:
    keeper = Keeper()
    async with (
        memory_upstream(in_turn(StreamReset(2))) as upstream,
        gateway_on(upstream, standby=keeper) as gateway,
    ):
        keeper.later(gone=0.1, back=1)
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert isinstance(outcome.failure, UpstreamFailed)
        assert any(outcome.chunks)
        assert len(upstream.calls) == 1


@pytest.mark.parametrize("failure", [ResetBeforeAnswer(), Status(500), Status(503)], ids=repr)
async def test_server_that_fails_and_is_still_there_has_failed(failure: Behaviour) -> None:
    async with (
        memory_upstream(always(failure)) as upstream,
        gateway_on(upstream, standby=Keeper(), max_retries=1) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert outcome.failure.code.startswith("upstream-")
        assert len(upstream.calls) == 2
        assert gateway._retries.tokens < 500  # pyright: ignore[reportPrivateUsage]


async def test_server_that_says_that_it_is_loading_is_waited_for() -> None:
    keeper = Keeper()

    def script(call: Call) -> Behaviour:
        if call.number:
            return Good()
        keeper.later(gone=0, back=2)
        return Status(503, delay=0.1)

    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, standby=keeper, max_retries=0) as gateway,
    ):
        assert (await ask(gateway, ticket_prompt())).completion


async def test_call_that_ends_the_server_each_time_is_given_up() -> None:
    keeper = Keeper()

    def script(_call: Call) -> Behaviour:
        keeper.later(gone=0.1, back=1)
        return ResetBeforeAnswer()

    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, standby=keeper) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert isinstance(outcome.failure, UpstreamFailed)
        assert len(upstream.calls) == 3


async def test_whether_it_hangs_is_for_whoever_keeps_it_up_to_see() -> None:
    keeper = Keeper()
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, standby=keeper) as gateway,
    ):
        patient = ask(gateway, ticket_prompt("[m-p]"), timeout=60)
        for number in range(40):
            await ask(gateway, ticket_prompt(f"[m-{number}]"), timeout=0.1)
        assert gateway.breaker.state is BreakerState.CLOSED
        upstream.script = always(Good())
        keeper.later(gone=0, back=5)
        for line in tuple(upstream._connections):  # pyright: ignore[reportPrivateUsage]
            line.reset()  # it is killed
        outcome = await patient
        assert outcome.completion
        assert outcome.seconds == pytest.approx(40 * 0.1 + 5, abs=0.1)


async def test_nothing_is_waited_for_where_nobody_keeps_it_up() -> None:
    async with (
        memory_upstream(always(ResetBeforeAnswer())) as upstream,
        gateway_on(upstream, max_retries=0) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert outcome.seconds == 0
        await until(lambda: upstream.in_flight == 0)
