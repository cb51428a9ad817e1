"""The fallback: asked while the breaker is open, and at no other time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.errors import (
    CircuitOpen,
    GroundworkError,
    UpstreamFailed,
    UpstreamRejected,
)
from app.gateway import BreakerState, ModelGateway
from app.gateway.traits import ModelTraits
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import Good, Hang, ResetBeforeAnswer, Status
from tests.hostile.memory import MemoryUpstream, memory_upstream
from tests.hostile.scripts import always

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
SAID = "from the fallback"


@dataclass(frozen=True, slots=True)
class Pair:
    """A gateway with a fallback, and both upstreams."""

    gateway: ModelGateway
    first: MemoryUpstream
    second: MemoryUpstream


@asynccontextmanager
async def pair(behaviour: Any, second: Any = None, **settings: Any) -> AsyncGenerator[Pair]:
    settings = {"max_retries": 0, **settings}
    async with (
        memory_upstream(always(behaviour)) as one,
        memory_upstream(always(second or Good(SAID))) as two,
        gateway_on(two, max_retries=0) as fallback,
        gateway_on(one, fallback=fallback, **settings) as gateway,
    ):
        yield Pair(gateway, one, two)


async def open_breaker(gateway: ModelGateway) -> None:
    for _ in range(20):
        await ask(gateway, ticket_prompt())
    assert gateway.breaker.state is BreakerState.OPEN


@BOTH
async def test_open_breaker_is_answered_by_the_fallback(*, stream: bool) -> None:
    async with pair(Status(500)) as models:
        await open_breaker(models.gateway)
        asked, before = len(models.first.calls), models.gateway.fallen_back
        outcome = await ask(models.gateway, answer_prompt(), stream=stream)
        assert outcome.text == SAID
        assert "".join(outcome.chunks) == (SAID if stream else "")
        assert outcome.call.answered_by == models.gateway.fallback.model  # pyright: ignore
        assert len(models.first.calls) == asked, "never both"
        assert models.gateway.fallen_back == before + 1


async def test_closed_breaker_asks_the_base_model_alone() -> None:
    async with pair(Good("from the base")) as models:
        outcomes = [await ask(models.gateway, answer_prompt(f"[m-{n}]")) for n in range(30)]
        assert {outcome.text for outcome in outcomes} == {"from the base"}
        assert {outcome.call.answered_by for outcome in outcomes} == {""}
        assert models.second.calls == []


async def test_a_few_failures_are_the_callers() -> None:
    async with pair(Status(500)) as models:
        outcomes = [await ask(models.gateway, ticket_prompt(f"[m-{n}]")) for n in range(25)]
        assert all(isinstance(outcome.failure, UpstreamFailed) for outcome in outcomes[:19])
        assert all(outcome.text == SAID for outcome in outcomes[19:]), "the last of 20 opened it"
        assert len(models.first.calls) == 20


async def test_the_call_that_retries_meanwhile_is_answered_too() -> None:
    async with pair(Status(503), max_retries=7) as models:
        tasks = [ask(models.gateway, ticket_prompt(f"[m-{n}]")) for n in range(20)]
        outcomes = await asyncio.gather(*tasks)
        assert {outcome.text for outcome in outcomes} == {SAID}


async def test_base_model_is_asked_again_when_it_is_back() -> None:
    async with pair(Status(500)) as models:
        await open_breaker(models.gateway)
        models.first.script = always(Good("from the base", delay=0.05))
        await asyncio.sleep(5)
        tasks = [ask(models.gateway, answer_prompt(f"[m-{n}]")) for n in range(5)]
        texts = [outcome.text for outcome in await asyncio.gather(*tasks)]
        assert sorted(texts) == ["from the base"] + [SAID] * 4, "one probes, none waits"
        assert models.gateway.breaker.state is BreakerState.CLOSED
        last = await ask(models.gateway, answer_prompt())
        assert (last.text, last.call.answered_by) == ("from the base", "")


async def test_probe_that_fails_is_answered() -> None:
    async with pair(Status(500)) as models:
        await open_breaker(models.gateway)
        await asyncio.sleep(5)
        asked = len(models.first.calls)
        assert (await ask(models.gateway, ticket_prompt())).text == SAID
        assert len(models.first.calls) == asked + 1


async def test_a_stream_that_has_begun_is_not_begun_again() -> None:
    async with pair(Good("one two three four five", gap=0.1)) as models:
        streaming = ask(models.gateway, answer_prompt(), stream=True)
        await asyncio.sleep(0.25)
        models.first.script = always(Status(500))
        await open_breaker(models.gateway)
        asked = len(models.second.calls)
        await models.gateway.abort(UpstreamFailed("It broke off."))
        outcome = await streaming
        assert outcome.chunks
        assert isinstance(outcome.failure, UpstreamFailed)
        assert len(models.second.calls) == asked


async def test_what_the_server_rejects_no_other_is_asked() -> None:
    async with pair(Status(400)) as models:
        outcomes = [await ask(models.gateway, ticket_prompt(f"[m-{n}]")) for n in range(30)]
        assert all(isinstance(outcome.failure, UpstreamRejected) for outcome in outcomes)
        assert models.second.calls == []


@BOTH
async def test_fallback_that_fails_gives_its_own_error(*, stream: bool) -> None:
    async with pair(Status(500), second=ResetBeforeAnswer()) as models:
        await open_breaker(models.gateway)
        outcome = await ask(models.gateway, ticket_prompt(), stream=stream)
        assert isinstance(outcome.failure, GroundworkError)
        assert not isinstance(outcome.failure, CircuitOpen)


async def test_fallback_has_what_is_left_of_the_time() -> None:
    async with pair(Status(500)) as models:
        await open_breaker(models.gateway)
        models.second.script = always(Hang())
        outcome = await ask(models.gateway, ticket_prompt("[m-7]"), timeout=3)
        assert outcome.failure.code == "deadline-exceeded"
        assert outcome.seconds == pytest.approx(3)


async def test_caller_who_leaves_ends_the_fallback_s_call() -> None:
    async with pair(Status(500)) as models:
        await open_breaker(models.gateway)
        models.second.script = always(Hang())
        task = ask(models.gateway, ticket_prompt("[m-7]"))
        await asyncio.sleep(0.1)
        assert models.second.in_flight == 1
        task.cancel()
        await asyncio.sleep(0.1)
        assert models.second.in_flight == 0


async def test_traits_are_those_of_who_answers() -> None:
    async with pair(Status(500)) as models:
        fallback = models.gateway.fallback
        assert fallback
        fallback.own_traits = other = ModelTraits(reads=1)
        assert models.gateway.traits is not other
        await open_breaker(models.gateway)
        assert models.gateway.traits is other


async def test_ready_while_one_of_the_two_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair(Good()) as models:
        fallback = models.gateway.fallback
        assert fallback
        assert await models.gateway.problem() is None

        async def down() -> str:
            return "It is down."

        monkeypatch.setattr(models.gateway.upstream, "problem", down)
        assert await models.gateway.problem() is None
        monkeypatch.setattr(fallback.upstream, "problem", down)
        assert await models.gateway.problem() == "It is down."
