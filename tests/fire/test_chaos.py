"""30 % of the upstream's calls fail, in all ways that there are: callers hardly notice."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from pydantic_core import from_json

from tests.fire.crowd import closed_loop, marker
from tests.gateway.support import Outcome, answer_prompt, ask, gateway_on, ticket_prompt
from tests.hostile.calls import good_text
from tests.hostile.memory import MemoryUpstream, memory_upstream
from tests.hostile.scripts import STREAM_FAILURES, WHOLE_FAILURES, mixed

FAILED_SHARE = 0.3
NOT_A_FAILURE = {"not a ticket"}  # to the gateway: whoever knows the schema finds it out
SECONDS, ATTEMPT_SECONDS = 10.0, 1.0
SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whole_answers(seed: int) -> None:
    random.seed(seed)  # the waits between tries
    failures = {name: WHOLE_FAILURES[name] for name in WHOLE_FAILURES.keys() - NOT_A_FAILURE}
    script = mixed(seed, FAILED_SHARE, dict(sorted(failures.items())))
    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, attempt_timeout=ATTEMPT_SECONDS) as gateway,
    ):
        outcomes = await closed_loop(
            lambda number: ask(gateway, ticket_prompt(marker(number)), timeout=SECONDS),
            requests=2000,
            clients=64,
        )
        good = [outcome for outcome in outcomes if outcome.completion]
        _print("whole answers", outcomes, upstream)
        assert len(good) >= 0.999 * len(outcomes)
        for number, outcome in enumerate(outcomes):
            assert outcome.seconds <= SECONDS
            if outcome.completion:
                assert from_json(outcome.text) == {"issue": good_text(marker(number))}
        _assert_nothing_is_left(upstream)
        assert (gateway.admission.running, gateway.admission.queued) == (0, 0)


@pytest.mark.parametrize("seed", SEEDS)
async def test_streams(seed: int) -> None:
    """A stream that has begun cannot begin again; none fails that has not."""
    random.seed(seed)
    failures = {name: STREAM_FAILURES[name] for name in STREAM_FAILURES.keys() - NOT_A_FAILURE}
    script = mixed(seed, FAILED_SHARE, dict(sorted(failures.items())))
    async with (
        memory_upstream(script) as upstream,
        gateway_on(upstream, attempt_timeout=ATTEMPT_SECONDS) as gateway,
    ):
        outcomes = await closed_loop(
            lambda number: ask(
                gateway, answer_prompt(marker(number)), stream=True, timeout=SECONDS
            ),
            requests=300,
            clients=32,
        )
        begun = [outcome for outcome in outcomes if any(outcome.chunks)]
        _print("streams", outcomes, upstream)
        assert len(begun) >= 0.999 * len(outcomes)
        for number, outcome in enumerate(outcomes):
            assert outcome.seconds <= SECONDS
            received = "".join(outcome.chunks)
            if outcome.completion:
                assert received == outcome.text == good_text(marker(number))
            else:
                _assert_is_honest(outcome, received, marker(number))
        broken = [outcome for outcome in outcomes if not outcome.completion]
        assert len(broken) <= FAILED_SHARE * len(outcomes)
        _assert_nothing_is_left(upstream)


def _assert_is_honest(outcome: Outcome, received: str, mark: str) -> None:
    """It says nothing that the upstream did not: the beginning of its answer, or its filling."""
    assert outcome.failure.code.startswith("upstream-") or (
        outcome.failure.code == "deadline-exceeded"
    )
    fillings = ("on and on " * (len(received) // 10 + 1), "a" * len(received))
    assert any(said.startswith(received) for said in (good_text(mark), *fillings))


def _print(what: str, outcomes: Sequence[Outcome], upstream: MemoryUpstream) -> None:
    failed = Counter(outcome.error.code for outcome in outcomes if outcome.error)
    slowest = max(outcome.seconds for outcome in outcomes)
    print(  # noqa: T201
        f"\nchaos, {what}: {len(outcomes)} requests, {len(upstream.calls)} calls, "
        f"failed: {dict(failed)}, slowest {slowest:.2f} s"
    )


def _assert_nothing_is_left(upstream: MemoryUpstream) -> None:
    assert (upstream.in_flight, upstream.open_connections) == (0, 0)
    assert upstream.complaints == []
