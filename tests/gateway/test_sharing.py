"""Single flight and the response cache: who shares an answer with whom, and what they are told."""

import asyncio

import pytest

from app.errors import DeadlineExceeded, UpstreamRejected
from app.gateway.call import CacheOutcome, CacheWishes, cache_status, read_cache_control
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import Good, Hang, RetryAfter, Status
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always, in_turn

SLOW = always(Good(delay=0.1))
STREAMED = always(Good("a b c d e f", gap=0.03))


@pytest.mark.parametrize("stream", [False, True])
async def test_identical_requests_share_one_call(*, stream: bool) -> None:
    async with memory_upstream(SLOW) as upstream, gateway_on(upstream) as gateway:
        tasks = [ask(gateway, answer_prompt(), stream=stream) for _ in range(10)]
        outcomes = await asyncio.gather(*tasks)
        assert len(upstream.calls) == 1
        assert len({outcome.text for outcome in outcomes}) == 1
        told = [outcome.call.outcomes for outcome in outcomes]
        assert told.count([CacheOutcome.COLLAPSED]) == 9
        paid = [
            outcome.completion.usage.output_tokens for outcome in outcomes if outcome.completion
        ]
        assert len([tokens for tokens in paid if tokens]) == 1, "tokens are counted once"


async def test_latecomer_to_a_stream_gets_it_from_the_start() -> None:
    async with memory_upstream(STREAMED) as upstream, gateway_on(upstream) as gateway:
        first = ask(gateway, answer_prompt(), stream=True)
        await asyncio.sleep(0.09)
        second = ask(gateway, answer_prompt(), stream=True)
        assert "".join((await first).chunks) == "".join((await second).chunks) == "a b c d e f"
        assert len(upstream.calls) == 1


@pytest.mark.parametrize(
    "others",
    [
        {"prompt": ticket_prompt("[m-2]")},
        {"tenant": b"other"},
        {"stream": True},
    ],
    ids=["input", "tenant", "stream"],
)
async def test_different_requests_share_nothing(others: dict[str, object]) -> None:
    asked = {"prompt": ticket_prompt("[m-1]"), **others}
    async with memory_upstream(SLOW) as upstream, gateway_on(upstream) as gateway:
        await asyncio.gather(ask(gateway, ticket_prompt("[m-1]")), ask(gateway, **asked))  # pyright: ignore
        assert len(upstream.calls) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_call_goes_on_while_anybody_waits_and_ends_when_nobody_does(*, stream: bool) -> None:
    async with memory_upstream(always(Hang())) as upstream, gateway_on(upstream) as gateway:
        first = ask(gateway, answer_prompt(), stream=stream)
        second = ask(gateway, answer_prompt(), stream=stream)
        await until(lambda: upstream.in_flight == 1)
        first.cancel()
        await asyncio.sleep(0.1)
        assert upstream.in_flight == 1
        second.cancel()
        await until(lambda: upstream.in_flight == 0, 0.002)


async def test_whoever_comes_as_the_last_one_leaves_gets_an_answer() -> None:
    async with memory_upstream(SLOW) as upstream, gateway_on(upstream) as gateway:
        first = ask(gateway, ticket_prompt())
        await until(lambda: upstream.in_flight == 1)
        first.cancel()
        await asyncio.sleep(0)  # it has left; its call is not over yet
        assert (await ask(gateway, ticket_prompt())).completion


async def test_hasty_caller_does_not_end_a_patient_one_s_call() -> None:
    async with memory_upstream(SLOW) as upstream, gateway_on(upstream) as gateway:
        hasty = ask(gateway, ticket_prompt(), timeout=0.05)
        patient = ask(gateway, ticket_prompt(), timeout=5)
        assert isinstance((await hasty).failure, DeadlineExceeded)
        assert (await patient).completion
        assert len(upstream.calls) == 1


async def test_patient_caller_s_time_is_what_a_shared_call_has() -> None:
    script = in_turn(Status(503, RetryAfter(0.3), delay=0.05))
    async with memory_upstream(script) as upstream, gateway_on(upstream) as gateway:
        hasty = ask(gateway, ticket_prompt(), timeout=0.2)
        patient = ask(gateway, ticket_prompt(), timeout=5)
        assert isinstance((await hasty).failure, DeadlineExceeded)
        assert (await patient).completion
        assert len(upstream.calls) == 2


async def test_failure_is_shared_too() -> None:
    script = always(Status(401, delay=0.1))
    async with memory_upstream(script) as upstream, gateway_on(upstream) as gateway:
        outcomes = await asyncio.gather(*[ask(gateway, ticket_prompt()) for _ in range(3)])
        assert [type(outcome.failure) for outcome in outcomes] == [UpstreamRejected] * 3
        assert len(upstream.calls) == 1


async def test_cache_is_off_by_default() -> None:
    async with memory_upstream(always(Good())) as upstream, gateway_on(upstream) as gateway:
        for _ in range(2):
            outcome = await ask(gateway, ticket_prompt())
            assert outcome.call.outcomes == [CacheOutcome.BYPASS]
        assert len(upstream.calls) == 2


@pytest.mark.parametrize("streams", [(False, False), (False, True), (True, False), (True, True)])
async def test_stored_answer_costs_nothing(streams: tuple[bool, bool]) -> None:
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, cache_ttl=60) as gateway,
    ):
        first, second = [await ask(gateway, answer_prompt(), stream=s) for s in streams]
        assert first.call.outcomes == [CacheOutcome.STORED]
        assert second.call.outcomes == [CacheOutcome.HIT]
        assert first.text == second.text
        assert second.completion
        assert second.completion.usage.output_tokens == 0
        assert len(upstream.calls) == 1


@pytest.mark.parametrize(
    ("wishes", "calls", "told"),
    [
        ("no-cache", 2, CacheOutcome.REQUEST),
        ("no-store", 2, CacheOutcome.REQUEST),
        ("max-age=0", 2, CacheOutcome.STORED),
        ("max-age=60", 1, CacheOutcome.HIT),
        ("max-age=never, nonsense", 1, CacheOutcome.HIT),
    ],
)
async def test_caller_s_cache_control(wishes: str, calls: int, told: CacheOutcome) -> None:
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, cache_ttl=60) as gateway,
    ):
        await ask(gateway, ticket_prompt())
        await asyncio.sleep(0.01)
        outcome = await ask(gateway, ticket_prompt(), cache=read_cache_control(wishes))
        assert len(upstream.calls) == calls
        assert outcome.call.outcomes == [told]


async def test_no_store_stores_nothing_and_no_cache_does() -> None:
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, cache_ttl=60) as gateway,
    ):
        await ask(gateway, ticket_prompt(), cache=read_cache_control("No-Store"))
        await ask(gateway, ticket_prompt(), cache=read_cache_control("no-cache"))
        await ask(gateway, ticket_prompt())
        assert len(upstream.calls) == 2


async def test_answers_expire_and_tenants_do_not_see_each_other_s() -> None:
    async with (
        memory_upstream(always(Good())) as upstream,
        gateway_on(upstream, cache_ttl=0.1) as gateway,
    ):
        await ask(gateway, ticket_prompt(), tenant=b"Bearer one")
        await ask(gateway, ticket_prompt(), tenant=b"Bearer two")
        assert len(upstream.calls) == 2
        await asyncio.sleep(0.15)
        await ask(gateway, ticket_prompt(), tenant=b"Bearer one")
        assert len(upstream.calls) == 3


async def test_cache_is_bounded() -> None:
    async with (
        memory_upstream(always(Good("x" * 1000))) as upstream,
        gateway_on(upstream, cache_ttl=60, cache_bytes=10_000) as gateway,
    ):
        for number in range(20):
            await ask(gateway, ticket_prompt(f"[m-{number}]"))
        await ask(gateway, ticket_prompt("[m-19]"))
        assert len(upstream.calls) == 20
        await ask(gateway, ticket_prompt("[m-0]"))
        assert len(upstream.calls) == 21


async def test_failures_are_not_stored_and_useless_answers_can_be_forgotten() -> None:
    async with (
        memory_upstream(always(Status(401))) as upstream,
        gateway_on(upstream, cache_ttl=60) as gateway,
    ):
        await ask(gateway, ticket_prompt())
        upstream.script = always(Good())
        assert (await ask(gateway, ticket_prompt())).completion
        gateway.forget(ticket_prompt())
        await ask(gateway, ticket_prompt())
        assert len(upstream.calls) == 3


@pytest.mark.parametrize(
    ("header", "wishes"),
    [
        ("", CacheWishes()),
        ("NO-CACHE", CacheWishes(may_read=False)),
        ("no-store", CacheWishes(may_read=False, may_store=False)),
        ("max-age=5, max-age=3", CacheWishes(max_age=3)),
        ('max-age="7"', CacheWishes(max_age=7)),
        ("max-age=-1, =, ,;", CacheWishes()),
        ("private=no-store", CacheWishes()),
    ],
)
def test_cache_control_is_read_leniently(header: str, wishes: CacheWishes) -> None:
    assert read_cache_control(header) == wishes


def test_cache_status_tells_the_worst_of_several() -> None:
    hit, miss = CacheOutcome.HIT, CacheOutcome.STORED
    assert cache_status([hit, hit]) == "Groundwork; hit"
    assert cache_status([hit, miss, hit]) == "Groundwork; fwd=miss; stored"
    assert cache_status([CacheOutcome.COLLAPSED]) == "Groundwork; fwd=miss; collapsed"
