"""No request outlives its deadline, and the error tells where its time went."""

import asyncio

import pytest

from app.errors import DeadlineExceeded, UpstreamTimeout, UpstreamUnavailable
from app.gateway.call import Call, set_call
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import Endless, Good, Hang, RetryAfter, Silence, Status
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always, in_turn
from tests.virtual import now


@pytest.mark.parametrize("stream", [False, True])
async def test_caller_s_timeout_ends_the_request_and_the_call(*, stream: bool) -> None:
    async with memory_upstream(always(Hang())) as upstream, gateway_on(upstream) as gateway:
        outcome = await ask(gateway, answer_prompt(), stream=stream, timeout=0.2)
        assert isinstance(outcome.failure, DeadlineExceeded)
        assert outcome.seconds == pytest.approx(0.2)
        await until(lambda: upstream.in_flight == 0, 0.002)
        spent = outcome.failure.members["spent_seconds"]
        assert isinstance(spent, dict)
        assert spent == {"queue": 0, "backoff": 0, "upstream": 0.2, "own": 0}


async def test_caller_cannot_have_more_than_the_operator_allows() -> None:
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, timeout=0.2) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt(), timeout=60)
        assert isinstance(outcome.failure, DeadlineExceeded)
        assert outcome.seconds == pytest.approx(0.2)


async def test_time_is_counted_from_the_request_s_start() -> None:
    async with memory_upstream(always(Hang())) as upstream, gateway_on(upstream) as gateway:
        call = Call(timeout=1, clock=now)
        set_call(call)
        await asyncio.sleep(0.8)
        begin = now()
        with pytest.raises(DeadlineExceeded):
            await gateway.complete(ticket_prompt())
        assert now() - begin == pytest.approx(0.2)
        assert call.spent()["own"] == pytest.approx(0.8)


async def test_first_token_has_a_budget_of_its_own() -> None:
    async with (
        memory_upstream(always(Silence())) as upstream,
        gateway_on(upstream, first_token_timeout=0.2) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert isinstance(outcome.failure, DeadlineExceeded)
        assert outcome.seconds == pytest.approx(0.2)


async def test_endless_stream_ends_with_its_time() -> None:
    async with memory_upstream(always(Endless())) as upstream, gateway_on(upstream) as gateway:
        outcome = await ask(gateway, answer_prompt(), stream=True, timeout=0.5)
        assert isinstance(outcome.failure, DeadlineExceeded)
        assert outcome.seconds == pytest.approx(0.5)
        assert "".join(outcome.chunks).startswith("on and on ")


async def test_stream_that_has_begun_may_take_its_whole_time() -> None:
    async with (
        memory_upstream(always(Good("a b c d e", gap=0.05))) as upstream,
        gateway_on(upstream, first_token_timeout=0.1) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert outcome.text == "a b c d e"
        assert outcome.seconds > 0.15


async def test_what_takes_too_long_is_given_up_and_made_again() -> None:
    async with (
        memory_upstream(in_turn(Hang())) as upstream,
        gateway_on(upstream, attempt_timeout=0.1) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt(), timeout=2)
        assert outcome.completion
        assert len(upstream.calls) == 2
        assert upstream.calls[0].client_left


async def test_stream_that_has_begun_is_not_given_up() -> None:
    async with (
        memory_upstream(always(Good("a b c d e" * 16, gap=1))) as upstream,
        gateway_on(upstream, attempt_timeout=3) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert outcome.text == "a b c d e" * 16
        assert outcome.seconds > 3


async def test_each_try_too_slow_is_an_upstream_timeout() -> None:
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, attempt_timeout=0.05, max_retries=1) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt(), timeout=2)
        assert isinstance(outcome.failure, UpstreamTimeout)


async def test_nothing_is_begun_that_cannot_be_finished() -> None:
    async with (
        memory_upstream(always(Good(delay=0.3))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        assert (await ask(gateway, ticket_prompt("[m-1]"))).completion
        hasty = await ask(gateway, ticket_prompt("[m-2]"), timeout=0.1)
        assert isinstance(hasty.failure, DeadlineExceeded)
        assert hasty.seconds == 0
        assert len(upstream.calls) == 1


async def test_no_wait_that_the_time_does_not_allow() -> None:
    script = always(Status(503, RetryAfter(5)))
    async with memory_upstream(script) as upstream, gateway_on(upstream) as gateway:
        outcome = await ask(gateway, ticket_prompt(), timeout=2)
        assert isinstance(outcome.failure, UpstreamUnavailable)
        assert outcome.failure.headers == {"Retry-After": "5"}
        assert outcome.seconds == 0
        assert len(upstream.calls) == 1
