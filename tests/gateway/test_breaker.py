"""The circuit breaker: when it opens, what then happens, and how it closes again."""

import asyncio
from typing import Any

import pytest

from app.errors import (
    CircuitOpen,
    DeadlineExceeded,
    ModelRefused,
    UpstreamFailed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from app.gateway.breaker import Breaker, BreakerState
from tests.gateway.support import ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import Good, Hang, Status
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always

FAILED = UpstreamFailed("x")


class Time:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker_after(failures: int, successes: int = 0, time: Time | None = None) -> Breaker:
    breaker = Breaker(time or Time())
    for number in range(failures + successes):
        probe = breaker.enter()
        breaker.leave(probe=probe, error=FAILED if number >= successes else None)
    return breaker


def test_opens_when_most_calls_fail() -> None:
    assert breaker_after(19).state is BreakerState.CLOSED
    assert breaker_after(20).state is BreakerState.OPEN
    assert breaker_after(16, 6).state is BreakerState.CLOSED, "22 calls, 73 % failed"
    assert breaker_after(40, 10).state is BreakerState.OPEN
    assert breaker_after(15, 35).state is BreakerState.CLOSED, "30 % failed"


def test_old_outcomes_leave_the_window() -> None:
    breaker = breaker_after(39, 1000)
    assert breaker.state is BreakerState.CLOSED
    breaker.leave(probe=False, error=FAILED)
    assert breaker.state is BreakerState.OPEN


@pytest.mark.parametrize(
    "error", [UpstreamRejected("x"), UpstreamRateLimited("x"), ModelRefused("x"), None]
)
def test_a_server_that_answers_is_not_down(error: Exception | None) -> None:
    breaker = Breaker()
    for _ in range(100):
        breaker.leave(probe=breaker.enter(), error=error)
    assert breaker.state is BreakerState.CLOSED


def test_open_breaker_fails_at_once_and_half_open_lets_one_through() -> None:
    time = Time()
    breaker = breaker_after(20, time=time)
    time.now = 4.9
    with pytest.raises(UpstreamUnavailable) as caught:
        breaker.enter()
    assert caught.value.retry_after
    time.now = 5.0
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter()
    with pytest.raises(UpstreamUnavailable):
        breaker.enter()
    breaker.leave(probe=True, error=FAILED)
    assert breaker.state is BreakerState.OPEN
    time.now = 10.0
    breaker.leave(probe=breaker.enter(), error=None)
    assert breaker.state is BreakerState.CLOSED
    assert not breaker.enter()


def test_failures_of_long_ago_do_not_count() -> None:
    time = Time()
    breaker = breaker_after(19, time=time)
    time.now = 31.0
    breaker.leave(probe=breaker.enter(), error=FAILED)
    assert breaker.state is BreakerState.CLOSED


def test_probe_that_was_cancelled_lets_another_one_through() -> None:
    time = Time()
    breaker = breaker_after(20, time=time)
    time.now = 5.0
    assert breaker.enter()
    breaker.leave(probe=True, error=asyncio.CancelledError())
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter()


async def test_down_upstream_is_left_alone_and_found_again() -> None:
    async with (
        memory_upstream(always(Status(500))) as upstream,
        gateway_on(upstream, max_retries=0) as gateway,
    ):
        failures = [await ask(gateway, ticket_prompt(f"[m-{n}]")) for n in range(30)]
        assert len(upstream.calls) == 20
        assert gateway.breaker.state is BreakerState.OPEN
        assert isinstance(failures[-1].failure, UpstreamUnavailable)
        assert failures[-1].failure.headers["Retry-After"] == "5"
        assert failures[-1].seconds == 0
        upstream.script = always(Good(delay=0.05))
        await asyncio.sleep(5)
        tasks = [ask(gateway, ticket_prompt(f"[m-{n}]")) for n in range(5)]
        outcomes = await asyncio.gather(*tasks)
        assert len([outcome for outcome in outcomes if outcome.completion]) == 1
        assert gateway.breaker.state is BreakerState.CLOSED
        assert (await ask(gateway, ticket_prompt())).completion


async def test_open_breaker_is_not_waited_for() -> None:
    async with memory_upstream(always(Status(500))) as upstream, gateway_on(upstream) as gateway:
        while gateway.breaker.state is not BreakerState.OPEN:
            await ask(gateway, ticket_prompt())
        asked = len(upstream.calls)
        outcome = await ask(gateway, ticket_prompt())
        assert isinstance(outcome.failure, CircuitOpen)
        assert outcome.failure.code == "upstream-unavailable"
        assert outcome.seconds == 0
        assert len(upstream.calls) == asked


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_upstream_that_never_answers_opens_it(*, stream: bool) -> None:
    times: dict[str, Any] = {"first_token_timeout": 0.1} if stream else {"timeout": 0.1}
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, **times) as gateway,
    ):
        for _ in range(2):
            tasks = [ask(gateway, ticket_prompt(f"[m-{n}]"), stream=stream) for n in range(16)]
            await asyncio.gather(*tasks)
        assert gateway.breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("patience", [0.01, 25.0])
async def test_callers_of_little_patience_open_it_for_nobody(
    patience: float, *, stream: bool
) -> None:
    async with memory_upstream(always(Hang())) as upstream, gateway_on(upstream) as gateway:
        for round_ in range(8):
            tasks = [
                ask(gateway, ticket_prompt(f"[m-{round_}-{n}]"), stream=stream, timeout=patience)
                for n in range(16)
            ]
            outcomes = await asyncio.gather(*tasks)
            assert {type(each.failure) for each in outcomes} == {DeadlineExceeded}
        assert gateway.breaker.state is BreakerState.CLOSED


async def test_what_is_left_after_the_queue_is_no_time_to_answer_in() -> None:
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, timeout=1, max_concurrency=1) as gateway,
    ):
        for round_ in range(30):
            first = ask(gateway, ticket_prompt(f"[f-{round_}]"), timeout=0.5)
            second = ask(gateway, ticket_prompt(f"[s-{round_}]"))
            await asyncio.gather(first, second)
        assert len(upstream.calls) == 60
        assert gateway.breaker.state is BreakerState.CLOSED
