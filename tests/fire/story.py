"""What happens in an example: who asks what and when, and how it ended for each of them."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from app.gateway import ModelGateway
from tests.gateway.support import Outcome, answer_prompt, ask, gateway_on, ticket_prompt, until
from tests.hostile.behaviours import Good, RetryAfter, Status
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import InTurn, scripts
from tests.hostile.upstream import CallRecord, HostileUpstream
from tests.hostile.voices import Dialect
from tests.virtual import now

CLEARED_SECONDS = 0.2  # after the last request, until nothing is left of any


@dataclass(frozen=True, slots=True)
class Wish:
    """A request that is to be made; all times in seconds.

    Attributes:
        marker: what is asked; requests with the same marker are identical.
        timeout: how long the caller has.
        starts: how long after the example's begin.
        leaves: how long after its start the caller goes away; None if it does not.
        again: it asks the same again in the moment in which it goes away.
    """

    marker: str
    timeout: float
    starts: float
    leaves: float | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was made, between two moments of the loop.

    ``outcome`` is None if its caller went away before.
    """

    wish: Wish
    started: float
    ended: float
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an example is played with."""

    script: InTurn
    dialect: Dialect
    attempt: float | None
    max_retries: int


@dataclass(frozen=True, slots=True)
class Story:
    """What became of an example."""

    terms: Terms
    stream: bool
    requests: Sequence[Request]
    calls: Sequence[CallRecord]


def wishes() -> st.SearchStrategy[list[Wish]]:
    """Some requests at about the same time, some of them identical, some left by their callers."""
    wish = st.builds(
        Wish,
        marker=st.sampled_from(["[m-a]", "[m-a]", "[m-a]", "[m-b]"]),
        timeout=st.sampled_from([0.3, 0.5, 0.8]),
        starts=st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.08, 0.2]),
        leaves=st.sampled_from([None, None, None, None, 0.0, 0.02, 0.15]),
        again=st.booleans(),
    )
    return st.lists(wish, min_size=1, max_size=6)


def hopeful(*, stream: bool) -> st.SearchStrategy[InTurn]:
    """Scripts that more often come near to what is allowed than those of all behaviours."""
    hints = st.builds(RetryAfter, st.sampled_from([0.05, 0.15, 0.25]), st.just("milliseconds"))
    refused = st.builds(Status, st.sampled_from([429, 500, 503]), st.none() | hints)
    slow = st.builds(Good, delay=st.sampled_from([0.09, 0.2, 0.4]))
    paused = st.builds(Good, gap=st.sampled_from([0.01, 0.02]))
    return st.lists(st.one_of(refused, slow, paused) if stream else refused | slow, max_size=6).map(
        lambda behaviours: InTurn(tuple(behaviours))
    )


def terms(*, stream: bool) -> st.SearchStrategy[Terms]:
    return st.builds(
        Terms,
        script=scripts(stream=stream) | hopeful(stream=stream),
        dialect=st.sampled_from(["openai", "anthropic"]),
        attempt=st.sampled_from([None, 0.15, 0.3]),
        max_retries=st.sampled_from([0, 1, 7, 7]),
    )


async def play(terms: Terms, wishes: Sequence[Wish], *, stream: bool) -> Story:
    """Make the requests, and see that nothing is left of them afterwards."""
    others = asyncio.all_tasks()
    random.seed(1)  # the waits between tries
    async with memory_upstream(terms.script) as upstream:
        requests = await _make(upstream, terms, wishes, stream=stream)
        await until(lambda: upstream.open_connections == 0, CLEARED_SECONDS)
        await until(lambda: asyncio.all_tasks() <= others, CLEARED_SECONDS)
    assert upstream.complaints == []
    return Story(terms, stream, requests, upstream.calls)


async def _make(
    upstream: HostileUpstream, terms: Terms, wishes: Sequence[Wish], *, stream: bool
) -> list[Request]:
    settings: dict[str, Any] = {
        "attempt_timeout": terms.attempt,
        "max_retries": terms.max_retries,
    }
    async with gateway_on(upstream, terms.dialect, **settings) as gateway:
        made = await asyncio.gather(*(_requests(gateway, wish, stream=stream) for wish in wishes))
        await until(lambda: _is_quiet(gateway, upstream), CLEARED_SECONDS)
    return [request for requests in made for request in requests]


def _is_quiet(gateway: ModelGateway, upstream: HostileUpstream) -> bool:
    admission = gateway.admission
    return (upstream.in_flight, admission.running, admission.queued) == (0, 0, 0)


async def _requests(gateway: ModelGateway, wish: Wish, *, stream: bool) -> list[Request]:
    """The request that is wished for, and the one after it, if any."""
    if wish.starts:
        await asyncio.sleep(wish.starts)
    started = now()
    task = _ask(gateway, wish, stream=stream)
    await asyncio.wait([task], timeout=wish.leaves)
    if task.done():
        assert not task.cancelled(), "nobody left"
        return [Request(wish, started, now(), task.result())]
    task.cancel()
    second = replace(wish, starts=0, leaves=None)
    more = _requests(gateway, second, stream=stream) if wish.again else asyncio.sleep(0, [])
    ended, later = await asyncio.gather(_end(task), more)
    outcome = None if task.cancelled() else task.result()
    return [Request(wish, started, ended, outcome), *later]


async def _end(task: asyncio.Task[Outcome]) -> float:
    await asyncio.wait([task])
    return now()


def _ask(gateway: ModelGateway, wish: Wish, *, stream: bool) -> "asyncio.Task[Outcome]":
    prompt = answer_prompt(wish.marker) if stream else ticket_prompt(wish.marker)
    return ask(gateway, prompt, stream=stream, timeout=wish.timeout)
