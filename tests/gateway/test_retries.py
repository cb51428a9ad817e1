"""What is made again, after which wait, how often, and what is not."""

import pytest

from app.errors import GroundworkError, UpstreamFailed, UpstreamRateLimited, UpstreamRejected
from app.gateway.retries import Retries
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import (
    Behaviour,
    Garbage,
    Huge,
    ResetBeforeAnswer,
    ResetMidBody,
    RetryAfter,
    Status,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
    WrongType,
)
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always, in_turn

USEFUL: list[Behaviour] = [
    *(Status(status) for status in (408, 409, 429, 500, 502, 503, 504, 529)),
    ResetBeforeAnswer(),
    Garbage(),
    WrongType(),
]
USEFUL_WHOLE: list[Behaviour] = [*USEFUL, Huge(), ResetMidBody(), TruncatedBody()]
USEFUL_STREAM: list[Behaviour] = [
    *USEFUL,
    Huge(one_event=True),
    StreamReset(0),
    StreamError(0),
    TruncatedStream(0),
]
USELESS = [400, 401, 403, 404, 413, 422]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", USEFUL_WHOLE, ids=str)
async def test_failure_is_made_good(provider: str, failure: Behaviour) -> None:
    async with (
        memory_upstream(in_turn(failure)) as upstream,
        gateway_on(upstream, provider) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert "[m-1]" in outcome.text
        assert len(upstream.calls) == 2
        assert not upstream.complaints


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", USEFUL_STREAM, ids=str)
async def test_stream_that_broke_before_its_first_token_is_made_good(
    provider: str, failure: Behaviour
) -> None:
    async with (
        memory_upstream(in_turn(failure), reply=lambda _: "Three years.") as upstream,
        gateway_on(upstream, provider) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert "".join(outcome.chunks) == outcome.text == "Three years."
        assert len(upstream.calls) == 2


@pytest.mark.parametrize("failure", [StreamReset(2), StreamError(2), TruncatedStream(2)], ids=str)
async def test_stream_that_broke_later_is_not(failure: Behaviour) -> None:
    async with (
        memory_upstream(in_turn(failure), reply=lambda _: "one two three four") as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt(), stream=True)
        assert outcome.failure.code.startswith("upstream-")
        assert "one two three four".startswith("".join(outcome.chunks))
        assert any(outcome.chunks)
        assert len(upstream.calls) == 1


@pytest.mark.parametrize("status", USELESS)
async def test_what_cannot_help_is_not_tried(status: int) -> None:
    async with (
        memory_upstream(always(Status(status))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt())
        assert isinstance(outcome.failure, UpstreamRejected)
        assert len(upstream.calls) == 1


@pytest.mark.parametrize(
    ("hint", "least", "most"),
    [
        (RetryAfter(1), 1.0, 1.0),
        (RetryAfter(0.3), 0.3, 0.3),
        (RetryAfter(0.3, "milliseconds"), 0.3, 0.3),
        (RetryAfter(1, "date"), 1.0, 2.0),  # a date has whole seconds
    ],
    ids=["seconds", "fraction", "milliseconds", "date"],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(
    status: int, hint: RetryAfter, least: float, most: float
) -> None:
    async with (
        memory_upstream(in_turn(Status(status, hint))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert outcome.completion
        first, second = upstream.calls
        assert first.answered
        waited = second.arrived - first.answered
        assert least - 0.001 <= waited <= most + 0.001
        assert outcome.call.spent()["backoff"] == pytest.approx(waited)


async def test_what_the_upstream_asks_for_is_passed_on() -> None:
    async with (
        memory_upstream(always(Status(429, RetryAfter(7)))) as upstream,
        gateway_on(upstream, max_retries=0) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert isinstance(outcome.failure, UpstreamRateLimited)
        assert outcome.failure.headers == {"Retry-After": "7"}


async def test_tries_are_counted() -> None:
    async with (
        memory_upstream(always(Status(500))) as upstream,
        gateway_on(upstream, max_retries=3) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert isinstance(outcome.failure, UpstreamFailed)
        assert len(upstream.calls) == 4


def test_budget_lets_retries_that_help_go_on_and_stops_those_that_do_not() -> None:
    retries = Retries(most=7)

    def may_be_made_again() -> bool:
        try:
            retries.wait(UpstreamFailed("x"), made=0, left=60)
        except UpstreamFailed:
            return False
        return True

    for _ in range(10_000):
        assert may_be_made_again()
        retries.succeeded(made=1)
    assert sum(may_be_made_again() for _ in range(10_000)) == 100
    for _ in range(5):
        retries.succeeded(made=0)
    assert may_be_made_again()
    assert not may_be_made_again()


async def test_no_retries_when_the_budget_is_spent() -> None:
    async with (
        memory_upstream(always(Status(429))) as upstream,
        gateway_on(upstream, max_retries=20, timeout=3600) as gateway,
    ):
        gateway._retries.tokens = 12  # pyright: ignore[reportPrivateUsage] # two retries and a bit
        outcome = await ask(gateway, ticket_prompt())
        assert isinstance(outcome.failure, GroundworkError)
        assert len(upstream.calls) == 3
