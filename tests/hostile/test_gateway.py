"""The gateway over real sockets: what breaks on a wire is understood, and nothing is left open.

How it goes on from there is tested on virtual time, in ``tests/gateway``.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.gateway import BreakerState
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import (
    Behaviour,
    Drip,
    EmptyChoices,
    Endless,
    Garbage,
    Good,
    Hang,
    Huge,
    JsonToStream,
    ResetBeforeAnswer,
    ResetMidBody,
    Silence,
    Status,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
    WrongType,
)
from tests.hostile.calls import good_text
from tests.hostile.scripts import always, in_turn
from tests.hostile.upstream import HostileUpstream, hostile_upstream

PASSING: list[Behaviour] = [
    Status(500),
    Status(503),
    ResetBeforeAnswer(),
    Garbage(),
    WrongType(),
]
PASSING_WHOLE: list[Behaviour] = [*PASSING, Huge(), ResetMidBody(), TruncatedBody()]
PASSING_STREAM: list[Behaviour] = [
    *PASSING,
    Huge(one_event=True),
    JsonToStream(),
    StreamReset(0),
    StreamError(0),
    TruncatedStream(0),
    TruncatedStream(0, "cut"),
    TruncatedStream(0, "last chunk"),
]
BROKEN_LATER: list[Behaviour] = [
    StreamReset(2),
    StreamError(2),
    TruncatedStream(2),
    TruncatedStream(2, "cut"),
    TruncatedStream(2, "last chunk"),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", PASSING_WHOLE, ids=str)
async def test_failure_is_made_good(provider: str, failure: Behaviour) -> None:
    async with (
        hostile_upstream(in_turn(failure)) as upstream,
        gateway_on(upstream, provider) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert good_text("[m-1]") in outcome.text
        assert len(upstream.calls) == 2
        assert not upstream.complaints


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", PASSING_STREAM, ids=str)
async def test_stream_that_broke_before_its_first_token_is_made_good(
    provider: str, failure: Behaviour
) -> None:
    async with (
        hostile_upstream(in_turn(failure)) as upstream,
        gateway_on(upstream, provider) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert "".join(outcome.chunks) == outcome.text == good_text("[m-1]")
        assert len(upstream.calls) == 2


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", BROKEN_LATER, ids=str)
async def test_stream_that_broke_later_fails(provider: str, failure: Behaviour) -> None:
    async with (
        hostile_upstream(in_turn(failure)) as upstream,
        gateway_on(upstream, provider) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert outcome.failure.code in ("upstream-failed", "upstream-unavailable")
        assert any(outcome.chunks)
        assert good_text("[m-1]").startswith("".join(outcome.chunks))
        assert len(upstream.calls) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_slow_bytes_are_put_together(*, stream: bool) -> None:
    script = always(Drip(gap=0))
    async with hostile_upstream(script) as upstream, gateway_on(upstream) as gateway:
        assert (await ask(gateway, answer_prompt(), stream=stream)).text == good_text("[m-1]")


async def test_answer_that_says_nothing_is_a_failure() -> None:
    script = always(EmptyChoices())
    async with (
        hostile_upstream(script) as upstream,
        gateway_on(upstream, max_retries=0) as gateway,
    ):
        assert (await ask(gateway, answer_prompt())).failure.code == "upstream-failed"


async def test_server_that_is_not_there() -> None:
    async with AsyncExitStack() as stack:
        async with hostile_upstream(always(Good())) as upstream:
            opened = gateway_on(upstream, max_retries=0)
            gateway = await stack.enter_async_context(opened)
        assert await gateway.problem() == "No connection to the model server."
        outcome = await ask(gateway, answer_prompt())
        assert outcome.failure.code == "upstream-unreachable"


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [(Hang(), False), (Hang(), True), (Endless(), False), (Endless(), True), (Silence(), True)],
    ids=str,
)
async def test_call_ends_with_the_last_who_waits_for_it(
    behaviour: Behaviour, *, stream: bool
) -> None:
    async with hostile_upstream(always(behaviour)) as upstream, gateway_on(upstream) as gateway:
        task = ask(gateway, answer_prompt(), stream=stream)
        await until(lambda: upstream.in_flight == 1)
        task.cancel()
        await until(lambda: upstream.in_flight == upstream.open_connections == 0)
        assert upstream.calls[0].client_left
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("gap", [0.0, 0.002])
async def test_connections_are_used_again(gap: float) -> None:
    async with (
        hostile_upstream(always(Good("a b c", gap=gap))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        await ask(gateway, answer_prompt(), stream=True)
        (first,) = upstream._connections  # pyright: ignore[reportPrivateUsage]
        for number in range(3):
            await ask(gateway, answer_prompt(f"[m-{number}]"), stream=True)
            await ask(gateway, answer_prompt(f"[m-{number}]"))
        assert upstream._connections == {first}  # pyright: ignore[reportPrivateUsage]


class Keeper:
    """Sees that a server is gone as soon as it is closed, and that it is back."""

    def __init__(self, upstream: HostileUpstream) -> None:
        self.generation = 1
        self._upstream = upstream
        self._port = int(upstream.origin.rpartition(":")[2])
        self._up = asyncio.Event()
        self._up.set()

    def problem(self) -> str | None:
        return None if self._up.is_set() else "It is being started again."

    async def up(self) -> None:
        await self._up.wait()

    async def restart(self) -> None:
        """End the server, notice it a moment later, and start it again."""
        await self._upstream.close()
        await asyncio.sleep(0.1)
        self._up.clear()
        self.generation += 1
        await asyncio.sleep(0.1)
        await self._upstream.open(self._port)
        self._up.set()


async def test_calls_live_through_the_server_s_restart() -> None:
    async with hostile_upstream(always(Hang())) as upstream:
        keeper = Keeper(upstream)
        async with gateway_on(upstream, standby=keeper, max_retries=0) as gateway:
            hanging = [ask(gateway, ticket_prompt(f"[m-{number}]")) for number in range(30)]
            await until(lambda: upstream.in_flight == gateway.admission.limit)
            upstream.script = always(Good())
            restart = asyncio.create_task(keeper.restart())
            await until(lambda: keeper.generation == 2 and keeper.problem())
            waiting = [ask(gateway, ticket_prompt(f"[m-{number}]")) for number in range(30, 35)]
            outcomes = await asyncio.gather(*hanging, *waiting)
            await restart
            assert all(outcome.completion for outcome in outcomes)
            assert gateway.breaker.state is BreakerState.CLOSED
