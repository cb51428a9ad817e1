"""Whatever the upstream does: one outcome in time, nothing made up, no call made in vain.

The laws are in ``laws``, what is played in ``story``.
"""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fire.laws import check
from tests.fire.story import Terms, Wish, play, terms, wishes
from tests.gateway.support import answer_prompt, ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import (
    Behaviour,
    Garbage,
    ResetBeforeAnswer,
    RetryAfter,
    Status,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
    WrongType,
)
from tests.hostile.memory import memory_upstream
from tests.hostile.scripts import in_turn
from tests.hostile.voices import Dialect

_QUICK = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # to explain takes time
)

PASSING: list[Behaviour] = [
    *(Status(status) for status in (408, 409, 429, 500, 502, 503, 504, 529)),
    Status(429, RetryAfter(0.05, "milliseconds")),
    Status(503, RetryAfter(0.1)),
    ResetBeforeAnswer(),
    Garbage(),
    WrongType(),
]
PASSING_WHOLE: list[Behaviour] = [*PASSING, TruncatedBody()]
PASSING_STREAM: list[Behaviour] = [
    *PASSING,
    StreamReset(0),
    StreamError(0),
    TruncatedStream(0),
]
"""What is over when the same is asked once more, and does not let the answer begin."""


@given(terms=terms(stream=False), wishes=wishes())
@settings(_QUICK, max_examples=60)
async def test_whole_answers(terms: Terms, wishes: list[Wish]) -> None:
    check(await play(terms, wishes, stream=False))


@given(terms=terms(stream=True), wishes=wishes())
@settings(_QUICK, max_examples=60)
async def test_streams(terms: Terms, wishes: list[Wish]) -> None:
    check(await play(terms, wishes, stream=True))


@given(
    failures=st.lists(st.sampled_from(PASSING_WHOLE), max_size=3),
    dialect=st.sampled_from(["openai", "anthropic"]),
)
@settings(_QUICK, max_examples=15)
async def test_failures_that_pass_are_not_seen(failures: list[Behaviour], dialect: Dialect) -> None:
    async with (
        memory_upstream(in_turn(*failures)) as upstream,
        gateway_on(upstream, dialect) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt("[m-7]"), timeout=5)
        assert "[m-7]" in outcome.text
        assert len(upstream.calls) == len(failures) + 1


@given(
    failures=st.lists(st.sampled_from(PASSING_STREAM), max_size=3),
    dialect=st.sampled_from(["openai", "anthropic"]),
)
@settings(_QUICK, max_examples=15)
async def test_failures_that_pass_are_not_seen_in_streams(
    failures: list[Behaviour], dialect: Dialect
) -> None:
    async with (
        memory_upstream(in_turn(*failures)) as upstream,
        gateway_on(upstream, dialect) as gateway,
    ):
        outcome = await ask(gateway, answer_prompt("[m-7]"), stream=True, timeout=5)
        assert "[m-7]" in outcome.text == "".join(outcome.chunks)
        assert len(upstream.calls) == len(failures) + 1
