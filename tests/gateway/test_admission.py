"""Admission: the limit adapts, the queue is bounded and fair, nothing is lost on the way."""

import asyncio

import pytest

from app.errors import DeadlineExceeded, Overloaded
from app.gateway import Chunk
from app.gateway.admission import AdaptiveLimit, Admission, Pressure
from app.gateway.call import Call, Deadline
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import Good, Hang
from tests.hostile.calls import marker_of
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import always
from tests.virtual import VirtualLoop, now


def within(seconds: float) -> Deadline:
    return Deadline(Call(clock=now), now() + seconds)


def fixed(places: int, queue_size: int = 64) -> Admission:
    limit = AdaptiveLimit(initial=places, least=places, most=places)
    return Admission(limit, queue_size=queue_size, clock=now)


async def hold(
    admission: Admission,
    seconds: float,
    feature: str = "a",
    done: list[str] | None = None,
    *,
    deadline: Deadline | None = None,
    name: str = "",
) -> None:
    async with admission.place(feature, deadline or within(60), stream=False) as place:
        await asyncio.sleep(seconds)
        place.answered(Chunk(""))
    if done is not None:
        done.append(name or feature)


async def test_no_more_run_than_there_are_places() -> None:
    async with (
        memory_upstream(always(Good(delay=0.02))) as upstream,
        gateway_on(upstream, max_concurrency=4) as gateway,
    ):
        tasks = [ask(gateway, ticket_prompt(f"[m-{n}]")) for n in range(40)]
        outcomes = await asyncio.gather(*tasks)
        assert all(outcome.completion for outcome in outcomes)
        assert upstream.most_in_flight == 4
        assert gateway.admission.running == gateway.admission.queued == 0


async def test_full_queue_sheds_at_once() -> None:
    async with (
        memory_upstream(always(Hang())) as upstream,
        gateway_on(upstream, max_concurrency=2, queue_size=3) as gateway,
    ):
        tasks = [ask(gateway, ticket_prompt(f"[m-{n}]"), timeout=0.5) for n in range(5)]
        await until(lambda: gateway.admission.queued == 3)
        shed = await ask(gateway, ticket_prompt("[m-9]"))
        assert isinstance(shed.failure, Overloaded)
        assert shed.seconds == 0
        assert shed.failure.headers["Retry-After"]
        outcomes = await asyncio.gather(*tasks)
        assert all(isinstance(outcome.failure, DeadlineExceeded) for outcome in outcomes)
        queued = outcomes[-1].failure.members["spent_seconds"]
        assert isinstance(queued, dict)
        assert queued["queue"] == pytest.approx(0.5, abs=0.01)


async def test_earliest_deadline_first() -> None:
    admission, done = fixed(1), list[str]()
    tasks = [asyncio.create_task(hold(admission, 0.02))]
    await asyncio.sleep(0)
    for seconds in (30, 10, 20):
        deadline, name = within(seconds), str(seconds)
        waits = hold(admission, 0, done=done, deadline=deadline, name=name)
        tasks.append(asyncio.create_task(waits))
    await asyncio.gather(*tasks)
    assert done == ["10", "20", "30"]


async def test_free_place_goes_to_the_feature_with_the_fewest_calls() -> None:
    admission, done = fixed(2), list[str]()
    tasks = [asyncio.create_task(hold(admission, 0.02, "slow", done)) for _ in range(8)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(hold(admission, 0, "quick", done)))
    await asyncio.gather(*tasks)
    assert done.index("quick") <= 2, done


async def test_no_feature_takes_all_places_while_others_are_there() -> None:
    admission = fixed(8)
    await hold(admission, 0, "quick")
    tasks = [asyncio.create_task(hold(admission, 5, "slow")) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert admission.running == 6
    begin = now()
    await hold(admission, 0, "quick")
    assert now() == begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert admission.running == admission.queued == 0


async def test_feature_that_is_alone_may_take_all_places() -> None:
    admission = fixed(8)
    tasks = [asyncio.create_task(hold(admission, 0.02)) for _ in range(8)]
    await asyncio.sleep(0.01)
    assert admission.running == 8
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("moment", ["waiting", "called"])
async def test_whoever_leaves_the_queue_loses_no_place(moment: str) -> None:
    admission = fixed(1)
    async with admission.place("a", within(60), stream=False):
        second = asyncio.create_task(hold(admission, 0))
        third = asyncio.create_task(hold(admission, 0))
        await asyncio.sleep(0)
        assert admission.queued == 2
        if moment == "waiting":
            second.cancel()
    if moment == "called":  # the place is the second's now, who has not noticed yet
        assert (admission.running, admission.queued) == (1, 1)
        second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    assert second.cancelled()
    assert third.exception() is None
    assert admission.running == admission.queued == 0


async def test_queued_call_that_has_become_hopeless_is_not_begun() -> None:
    admission = fixed(1)
    await hold(admission, 0.1)  # so long do calls take
    first = asyncio.create_task(hold(admission, 0.2))
    await asyncio.sleep(0)
    second = asyncio.create_task(hold(admission, 0.1, deadline=within(0.22)))
    with pytest.raises(DeadlineExceeded):
        await second
    await first
    assert admission.running == 0


async def test_hasty_request_that_would_wait_too_long_is_shed_at_once() -> None:
    admission = fixed(1)
    await hold(admission, 0.1)
    tasks = [asyncio.create_task(hold(admission, 0.1)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await hold(admission, 0.1, deadline=within(0.2))
    await asyncio.gather(*tasks)


def sample(
    limit: AdaptiveLimit,
    seconds: float,
    tokens: int,
    kind: str = "tickets",
    in_flight: int | None = None,
) -> None:
    running = limit.value if in_flight is None else in_flight
    limit.succeeded(kind, seconds, tokens, in_flight=running, wanted=running)


def sampled(limit: AdaptiveLimit, latency: float, samples: int) -> None:
    for _ in range(samples):
        sample(limit, latency, 50, kind="tickets")


def test_limit_grows_while_latency_stays_and_shrinks_when_it_rises() -> None:
    limit = AdaptiveLimit(initial=4, most=100)
    sampled(limit, 0.5, 200)
    assert limit.value == 100
    sampled(limit, 2.0, 500)
    assert limit.value < 20


def test_limit_follows_a_server_with_eight_slots() -> None:
    limit = AdaptiveLimit(initial=4, most=100)
    for _ in range(3000):
        sample(limit, 0.5 * max(1.0, limit.value / 8), 50, kind="tickets")
    assert 8 <= limit.value <= 12


def test_calls_begun_under_a_higher_limit_tell_nothing() -> None:
    limit = AdaptiveLimit(initial=10, most=100)
    sample(limit, 0.5, 50, in_flight=1)
    for _ in range(100):
        sample(limit, 60.0, 50, in_flight=11)
    assert limit.value == 10


def test_limit_does_not_grow_unused() -> None:
    limit = AdaptiveLimit(initial=4, most=100)
    for _ in range(500):
        sample(limit, 0.5, 50, in_flight=1)
    assert limit.value == 4


def test_long_answers_are_no_sign_of_load() -> None:
    limit = AdaptiveLimit(initial=16, most=16)
    for number in range(1000):
        tokens = 20 if number % 200 < 100 else 900
        sample(limit, 0.01 * (16 + tokens), tokens, kind="translations")
    assert limit.value >= 15


def test_refusals_shrink_the_limit() -> None:
    limit = AdaptiveLimit(initial=50, most=100)
    for _ in range(400):
        limit.refused()
    assert limit.value < 5


def test_limits_are_kept() -> None:
    limit = AdaptiveLimit(initial=1, least=3, most=5)
    assert limit.value == 3
    sampled(limit, 0.1, 100)
    assert limit.value == 5
    sampled(limit, 60.0, 100)
    assert limit.value == 3


@pytest.mark.parametrize(
    ("arrivals", "answers", "queue", "high"),
    [(100, 10, True, True), (10, 10, True, False), (100, 10, False, False)],
    ids=["overload", "callers that wait", "no queue"],
)
def test_pressure(arrivals: int, answers: int, *, queue: bool, high: bool) -> None:
    time = 0.0
    pressure = Pressure(time)
    for _ in range(5):
        for _ in range(arrivals):
            time += 1.0 / arrivals
            pressure.arrived("a", time, 0.1, standing=queue)
        for _ in range(answers):
            pressure.answered()
    assert pressure.high is high


async def test_feature_that_may_not_take_all_places_makes_the_limit_grow() -> None:
    async with (
        memory_upstream(always(Good(delay=0.02))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        await ask(gateway, answer_prompt())
        tasks = [ask(gateway, ticket_prompt(f"[m-{n}]")) for n in range(64)]
        await asyncio.gather(*tasks)
        assert gateway.admission.limit > 16


async def test_streams_hold_their_place_to_the_end() -> None:
    async with (
        memory_upstream(always(Good("a b c", gap=0.05))) as upstream,
        gateway_on(upstream, max_concurrency=1) as gateway,
    ):
        tasks = [ask(gateway, answer_prompt(f"[m-{n}]"), stream=True) for n in range(3)]
        assert [(await task).text for task in tasks] == ["a b c"] * 3
        assert upstream.most_in_flight == 1


def hold_up(seconds: float) -> None:
    """Keep the event loop from everything else for so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.pass_time(seconds)


async def test_a_stall_of_our_own_lowers_no_limit() -> None:
    async with (
        memory_upstream(always(Good(delay=0.1))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        limits: list[int] = []
        for round_ in range(40):
            tasks = [ask(gateway, ticket_prompt(f"[m-{round_}-{n}]")) for n in range(16)]
            if round_ >= 10:
                await asyncio.sleep(0.05)
                hold_up(3)
            await asyncio.gather(*tasks)
            limits.append(gateway.admission.limit)
        assert limits[-1] >= limits[9]


async def test_after_a_stall_of_our_own_callers_in_a_hurry_are_served() -> None:
    async with (
        memory_upstream(always(Good(delay=0.1))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        for round_ in range(4):
            tasks = [ask(gateway, ticket_prompt(f"[m-{round_}-{n}]")) for n in range(16)]
            await asyncio.sleep(0.05)
            hold_up(5)
            await asyncio.gather(*tasks)
        assert (await ask(gateway, ticket_prompt(), timeout=1)).completion


async def test_a_slow_server_is_no_stall_of_our_own() -> None:
    async with (
        memory_upstream(always(Good(delay=0.1))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        for round_ in range(20):
            await asyncio.gather(
                *(ask(gateway, ticket_prompt(f"[{round_}-{n}]")) for n in range(16))
            )
        reached = gateway.admission.limit
        upstream.script = always(Good(delay=3))
        for round_ in range(20, 60):
            await asyncio.gather(
                *(ask(gateway, ticket_prompt(f"[{round_}-{n}]")) for n in range(16))
            )
        assert gateway.admission.limit < reached / 2


def behind() -> Deadline:
    return Deadline(Call(clock=now, background=True), now() + 60)


def preempting(places: int) -> Admission:
    limit = AdaptiveLimit(initial=places, least=places, most=places)
    return Admission(limit, queue_size=64, preempts=True, clock=now)


async def test_calls_in_the_background_go_behind_all_others() -> None:
    admission, done = fixed(1), list[str]()
    tasks = [asyncio.create_task(hold(admission, 0.1, deadline=behind()))]
    await asyncio.sleep(0)
    for name, deadline in (("behind", behind()), ("first", within(60)), ("second", within(60))):
        tasks.append(
            asyncio.create_task(hold(admission, 0.1, done=done, deadline=deadline, name=name))
        )
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert done == ["first", "second", "behind"]


async def test_calls_in_the_background_that_are_alone_have_all_places() -> None:
    admission = fixed(8)
    tasks = [asyncio.create_task(hold(admission, 5, deadline=behind())) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert admission.running == 8
    await asyncio.gather(*tasks)
    assert admission.running == admission.queued == 0


async def test_a_quarter_of_the_places_is_kept_free_while_others_are_there() -> None:
    admission = fixed(8)
    await hold(admission, 0)
    tasks = [asyncio.create_task(hold(admission, 5, deadline=behind())) for _ in range(40)]
    await asyncio.sleep(0.01)
    assert admission.running == 6
    begin = now()
    await asyncio.gather(hold(admission, 0), hold(admission, 0))
    assert now() == begin, "they did not wait"
    await asyncio.sleep(15)  # nobody has come since
    assert admission.running == 8
    await asyncio.gather(*tasks)


async def test_a_call_in_the_background_is_ended_for_another_and_asked_again() -> None:
    async with (
        memory_upstream(always(Good(delay=5))) as upstream,
        gateway_on(upstream, max_concurrency=2, attempt_timeout=60) as gateway,
    ):
        gateway.admission = preempting(2)
        batch = [ask(gateway, ticket_prompt(f"[m-{n}]"), background=True) for n in range(3)]
        await asyncio.sleep(1)
        assert upstream.in_flight == 2
        waiting = await ask(gateway, ticket_prompt("[m-9]"))
        assert waiting.completion
        assert waiting.seconds == pytest.approx(5, abs=0.1), "it had its place at once"
        outcomes = await asyncio.gather(*batch)
        assert all(each.completion for each in outcomes)
        asked = [marker_of(each.call.text) for each in upstream.calls]
        ended = [marker_of(each.call.text) for each in upstream.calls if each.client_left]
        assert ended == ["[m-1]"], "the one that began last"
        assert sorted(asked) == ["[m-0]", "[m-1]", "[m-1]", "[m-2]", "[m-9]"]
        assert gateway.admission.running == gateway.admission.queued == 0
        assert gateway.breaker.state == "closed"


async def test_as_many_are_ended_as_wait() -> None:
    admission, stopped = preempting(4), list[int]()

    async def work(number: int) -> None:
        async with admission.place("a", behind(), stream=False) as place:
            stop = asyncio.Event()
            place.stop = stop.set
            await stop.wait()
            stopped.append(number)

    tasks = [asyncio.create_task(work(number)) for number in range(4)]
    await asyncio.sleep(0)
    begin = now()
    await asyncio.gather(hold(admission, 1), hold(admission, 1))
    assert stopped == [3, 2]
    assert now() - begin == pytest.approx(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert admission.running == admission.queued == 0


async def test_whoever_leaves_the_background_loses_no_place() -> None:
    for moment in ("waiting", "called"):
        admission = fixed(1)
        async with admission.place("a", within(60), stream=False):
            second = asyncio.create_task(hold(admission, 0, deadline=behind()))
            third = asyncio.create_task(hold(admission, 0, deadline=behind()))
            await asyncio.sleep(0)
            if moment == "waiting":
                second.cancel()
        if moment == "called":  # the place is the second's now, who has not noticed yet
            assert admission.running == 1
            second.cancel()
        await asyncio.gather(second, third, return_exceptions=True)
        assert second.cancelled()
        assert third.exception() is None
        assert admission.running == 0
