"""Prompts through both providers' batches: what is sent, what comes back, and what may go wrong."""

from typing import Any

import pytest

from app.errors import (
    BatchCancelled,
    BatchesUnsupported,
    BatchUnconfirmed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from app.gateway import Completion
from app.gateway.batching import ANSWER, BatchStatus, Ending, key_of
from app.gateway.batching import part as part_module
from app.gateway.batching.anthropic import AnthropicBatches
from app.gateway.batching.openai import OpenAIBatches
from app.provision import make_batches
from app.settings import Settings
from tests.gateway.batching.provider import Dialect, Fate, Json, Provider
from tests.gateway.batching.stage import DIALECTS, outcomes_of, prompts, read, stage, submitted

BOTH = pytest.mark.parametrize("dialect", DIALECTS)


def lamp(messages: list[Json]) -> str:
    """A model that says which lamp it was asked of."""
    words: str = messages[-1]["content"]
    return words[words.index("Lamp") :].partition(".")[0]


def texts(said: list[Any]) -> list[str]:
    return [one.text if isinstance(one, Completion) else repr(one) for one in said]


@BOTH
async def test_all_are_answered_in_whatever_order(provider: Provider, dialect: Dialect) -> None:
    provider.says = lamp
    asked = prompts(5)
    async with stage(dialect) as (gateway, batches):
        (name,) = await submitted(batches, asked)
        state = await batches.state(name)
        assert (state.status, state.total, state.succeeded) == (BatchStatus.RUNNING, 5, 0)
        provider.end()
        state = await batches.state(name)
        assert (state.status, state.total, state.succeeded, state.failed) == (
            BatchStatus.ENDED,
            5,
            5,
            0,
        )
        found = await outcomes_of(batches, [name])
        assert list(found) == [key_of(prompt) for prompt in reversed(asked)], "not in their order"
        said = read(batches, asked, found)
        assert texts(said) == [f"Lamp {number}" for number in range(5)]
        assert not provider.live

        provider.says_live = lamp
        assert said == [await gateway.complete(prompt) for prompt in asked], "as a live call says"


@BOTH
@pytest.mark.parametrize("kind", ["text", "json"])
async def test_what_is_sent_is_what_a_live_call_sends(
    provider: Provider, dialect: Dialect, kind: str
) -> None:
    (prompt,) = prompts(1, kind)
    async with stage(dialect) as (gateway, batches):
        await submitted(batches, [prompt])
        await gateway.complete(prompt)
    (batch,) = provider.batches.values()
    assert batch.bodies == {key_of(prompt): provider.live[-1]}


@BOTH
async def test_the_same_prompt_is_sent_once(provider: Provider, dialect: Dialect) -> None:
    async with stage(dialect) as (_, batches):
        await submitted(batches, [*prompts(3), *prompts(4)])
    (batch,) = provider.batches.values()
    assert len(batch.bodies) == 4


async def test_nothing_is_sent_for_nothing(provider: Provider) -> None:
    async with stage("openai") as (_, batches):
        assert await submitted(batches, []) == []
    assert not provider.sizes


@BOTH
async def test_those_that_expired_are_asked_live(provider: Provider, dialect: Dialect) -> None:
    provider.fate = lambda number: "expired" if number % 2 else "succeeded"
    asked = prompts(4)
    async with stage(dialect) as (_, batches):
        (name,) = await submitted(batches, asked)
        provider.end()
        state = await batches.state(name)
        assert (state.succeeded, state.failed) == (2, 2)
        found = await outcomes_of(batches, [name])
        said = read(batches, asked, found)
    assert [isinstance(one, Completion) for one in said] == [True, False, True, False]
    assert said[1::2] == [None, None]


@BOTH
async def test_what_failed_is_what_it_is_live(provider: Provider, dialect: Dialect) -> None:
    fates: list[Fate] = ["succeeded", "errored", "overloaded", "succeeded"]
    provider.fate = fates.__getitem__
    asked = prompts(4)
    async with stage(dialect) as (_, batches):
        names = await submitted(batches, asked)
        provider.end()
        good, rejected, busy, also_good = read(batches, asked, await outcomes_of(batches, names))
    assert isinstance(good, Completion)
    assert isinstance(also_good, Completion)
    assert isinstance(rejected, UpstreamRejected)
    assert rejected.upstream_status == 400
    assert "only the provider" not in rejected.detail + rejected.upstream_note
    assert busy is None, "a live call would be made again"


@BOTH
async def test_a_batch_is_cancelled(provider: Provider, dialect: Dialect) -> None:
    provider.fate = lambda number: "cancelled" if number else "succeeded"
    asked = prompts(3)
    async with stage(dialect) as (_, batches):
        (name,) = await submitted(batches, asked)
        await batches.cancel(name)
        assert (await batches.state(name)).status is BatchStatus.CANCELLING
        provider.end()
        await batches.cancel(name)  # which the provider would not take any more
        state = await batches.state(name)
        assert (state.status, state.succeeded, state.failed) == (BatchStatus.ENDED, 1, 2)
        said = read(batches, asked, await outcomes_of(batches, [name]))
    assert isinstance(said[0], Completion)
    assert [type(one) for one in said[1:]] == [BatchCancelled, BatchCancelled]


async def test_openai_may_not_tell_of_what_it_cancelled(provider: Provider) -> None:
    provider.fate = lambda number: "untold" if number else "succeeded"
    asked = prompts(3)
    async with stage("openai") as (_, batches):
        (name,) = await submitted(batches, asked)
        await batches.cancel(name)
        provider.end()
        found = await outcomes_of(batches, [name])
    assert [found[key_of(prompt)].ending for prompt in asked] == [
        Ending.ANSWERED,
        Ending.CANCELLED,
        Ending.CANCELLED,
    ]


async def test_openai_may_refuse_a_whole_batch_later(provider: Provider) -> None:
    asked = prompts(2)
    async with stage("openai") as (_, batches):
        (name,) = await submitted(batches, asked)
        provider.batches[name].status = "failed"
        state = await batches.state(name)
        assert state.status is BatchStatus.ENDED
        assert isinstance(state.problem, UpstreamRateLimited)
        assert state.problem.retryable
        assert state.problem.upstream_note == "token_limit_exceeded"
        said = read(batches, asked, await outcomes_of(batches, [name]))
    assert [type(one) for one in said] == [UpstreamRejected, UpstreamRejected]


@BOTH
async def test_a_submission_waits_for_the_rate(provider: Provider, dialect: Dialect) -> None:
    provider.refusals = [(429, {"retry-after-ms": "20"}), (529, {}), (429, {})]
    async with stage(dialect) as (_, batches):
        (name,) = await submitted(batches, prompts(2))
    assert len(provider.sizes) == 4
    assert list(provider.batches) == [name]


@BOTH
async def test_a_submission_that_is_rejected_is_not_sent_again(
    provider: Provider, dialect: Dialect
) -> None:
    provider.refusals = [(401, {})]
    async with stage(dialect) as (_, batches):
        with pytest.raises(UpstreamRejected):
            await submitted(batches, prompts(2))
    assert len(provider.sizes) == 1


@pytest.mark.parametrize("status", [500, 200], ids=["failed", "nonsense"])
async def test_a_submission_that_may_have_been_taken_is_not_sent_again(
    provider: Provider, status: int
) -> None:
    provider.refusals = [(status, {})]
    async with stage("anthropic") as (_, batches):
        with pytest.raises(BatchUnconfirmed) as caught:
            await submitted(batches, prompts(2))
    assert not caught.value.retryable
    assert len(provider.sizes) == 1


async def test_an_upload_is_made_again_as_nothing_comes_of_it_alone(provider: Provider) -> None:
    provider.refusals = [(500, {})]
    async with stage("openai") as (_, batches):
        await submitted(batches, prompts(2))
    assert len(provider.sizes) == 2
    assert len(provider.batches) == 1


@BOTH
async def test_a_broken_download_loses_and_repeats_nothing(
    provider: Provider, dialect: Dialect
) -> None:
    provider.says = lamp
    provider.breaks = 3
    asked = prompts(100)
    async with stage(dialect) as (_, batches):
        names = await submitted(batches, asked)
        provider.end()
        found = await outcomes_of(batches, names)
        assert texts(read(batches, asked, found)) == [f"Lamp {number}" for number in range(100)]
    assert provider.breaks == 0


@BOTH
async def test_too_many_are_split(
    provider: Provider, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for api in (AnthropicBatches, OpenAIBatches):
        monkeypatch.setattr(api, "most", 3)
    asked = prompts(7)
    async with stage(dialect) as (_, batches):
        names = await submitted(batches, asked)
        assert [len(provider.batches[name].bodies) for name in names] == [3, 3, 1]
        provider.end()
        assert len(await outcomes_of(batches, names)) == 7


@BOTH
async def test_a_submission_has_a_size(
    provider: Provider, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_module, "_MOST_BYTES", 4_000)
    async with stage(dialect) as (_, batches):
        names = await submitted(batches, prompts(30))
    assert len(names) > 1
    assert max(provider.sizes) < 4_200, "with the end of the form"
    assert sum(len(batch.bodies) for batch in provider.batches.values()) == 30


async def test_openai_gets_a_batch_for_each_model(provider: Provider) -> None:
    asked = [*prompts(2, "text"), *prompts(2, "json")]
    async with stage("openai", adapters={"json": "tuned"}) as (_, batches):
        names = await submitted(batches, asked)
        provider.end()
        found = await outcomes_of(batches, names)
        said = read(batches, asked, found)
    models = [{body["model"] for body in one.bodies.values()} for one in provider.batches.values()]
    assert models == [{"some-model"}, {"tuned"}]
    adapters = [one.adapter for one in said if isinstance(one, Completion)]
    assert adapters == [None, None, "tuned", "tuned"]


@BOTH
async def test_an_outcome_is_kept_as_json(provider: Provider, dialect: Dialect) -> None:
    provider.fate = lambda number: "expired" if number else "succeeded"
    asked = prompts(2)
    async with stage(dialect) as (gateway, batches):
        names = await submitted(batches, asked)
        provider.end()
        found = await outcomes_of(batches, names)
        live = await gateway.complete(asked[0])
    for answer in (*found.values(), live):
        assert ANSWER.validate_json(ANSWER.dump_json(answer)) == answer


@BOTH
async def test_who_takes_batches_is_found_out_before(provider: Provider, dialect: Dialect) -> None:
    async with stage(dialect) as (_, batches):
        await batches.check()
    async with stage(dialect, base_url=f"{provider.origin}/nowhere") as (_, batches):
        for attempt in (batches.check(), submitted(batches, prompts(1))):
            with pytest.raises(BatchesUnsupported) as caught:
                await attempt
            assert caught.value.code == "batches-unsupported"
            assert "Must be live" in caught.value.detail


@BOTH
async def test_whether_it_takes_batches_is_asked_once(provider: Provider, dialect: Dialect) -> None:
    provider.refusals = [(503, {})]
    async with stage(dialect) as (_, batches):
        with pytest.raises(UpstreamUnavailable):
            await batches.check()


async def test_an_embedded_model_takes_none(provider: Provider) -> None:
    async with stage("openai") as (gateway, _):
        with pytest.raises(BatchesUnsupported):
            make_batches(Settings(model="embedded"), gateway)
