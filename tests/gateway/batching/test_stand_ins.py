"""What stands in for the gateway: which prompts it takes down, and which it knows the answers to."""

from dataclasses import replace
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.features.concurrency import together
from app.gateway import (
    BreakerState,
    Compiled,
    ModelTraits,
    OutputSchema,
    Prompt,
    Shot,
    Turn,
    Untrusted,
)
from app.gateway.batching import Answer, Answered, Compiling, key_of
from tests.gateway.batching.provider import Provider
from tests.gateway.batching.stage import prompts, stage
from tests.wire.upstream import PROMPTS

CHANGES: list[dict[str, Any]] = [
    {"feature": "other"},
    {"instruction": "Name them."},
    {"shots": (Shot("A.", "C."),)},
    {"schema": OutputSchema("word", "{}")},
    {"max_tokens": 9},
    {"stop": ("]",)},
    {"alternatives": 5},
    {"is_callers": True},
]


def test_a_key_is_of_the_value_alone() -> None:
    prompt = PROMPTS["text"]
    again = Prompt(replace(prompt.prefix), prompt.turns)
    assert again.prefix.key != prompt.prefix.key, "as in another process"
    assert key_of(again) == key_of(prompt)


def test_a_key_is_of_the_whole_value() -> None:
    prompt = PROMPTS["text"]
    others = [Prompt(replace(prompt.prefix, **change), prompt.turns) for change in CHANGES]
    others += [
        Prompt(prompt.prefix, (Turn("user", parts),))
        for parts in (("Lamp",), (Untrusted("Lamp"),), ("Lamp", ""))
    ]
    assert len({key_of(each) for each in (prompt, *others)}) == len(others) + 1


async def test_all_calls_at_once_are_taken_down(provider: Provider) -> None:
    asked = prompts(20)
    async with stage("openai") as (gateway, _):
        compiling = Compiling(gateway, "text")
        with pytest.raises(Compiled):
            await together([compiling.complete(prompt) for prompt in asked])
        assert list(compiling.prompts.values()) == asked
    assert not provider.live


async def test_a_failure_is_a_failure_where_prompts_are_taken_down(provider: Provider) -> None:
    async def fails() -> Any:
        raise InvalidRequest("It is wrong.")

    async with stage("openai") as (gateway, _):
        compiling = Compiling(gateway, "text")
        calls = [compiling.complete(prompts(1)[0]), fails()]
        with pytest.raises(InvalidRequest):
            await together(calls)
    assert not provider.live


async def test_a_stream_of_what_is_known_comes_at_once(provider: Provider) -> None:
    known, unknown = prompts(2)
    kept: dict[str, Answer] = {}

    async def find(key: str) -> Answer | None:
        return kept.get(key)

    async with stage("openai") as (gateway, batches):
        kept[key_of(known)] = await gateway.complete(known)
        answered = Answered(gateway, batches, find)
        for prompt, asked in ((known, 1), (unknown, 2)):
            *pieces, last = [chunk async for chunk in answered.stream(prompt)]
            assert last.completion
            assert "".join(piece.text for piece in pieces) == last.completion.text
            assert len(provider.live) == asked
        answered.forget(known)


async def test_the_model_is_the_base_model_whoever_would_answer_a_call(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage("openai") as (gateway, _), stage("anthropic") as (fallback, _):
        gateway.fallback, fallback.own_traits = fallback, ModelTraits(reads=5)
        monkeypatch.setattr(type(gateway.breaker), "state", BreakerState.OPEN)
        assert gateway.traits.reads == 5
        compiling = Compiling(gateway, "text")
        assert (compiling.model, compiling.traits) == ("openai:some-model", ModelTraits())
    assert not provider.live
