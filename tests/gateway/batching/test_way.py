"""How prompts are put is found out before they are sent: a batch is not tried again."""

from dataclasses import replace
from typing import Any

import pytest

from app.gateway import Prompt
from tests.gateway.batching.provider import Dialect, Json, Provider
from tests.gateway.batching.stage import DIALECTS, prompts, stage, submitted

SCHEMA = {"response_format", "output_config"}


def bodies_in(provider: Provider) -> list[Json]:
    return [body for batch in provider.batches.values() for body in batch.bodies.values()]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_schema_that_is_rejected_is_not_sent(provider: Provider, dialect: Dialect) -> None:
    provider.rejects = lambda body: bool(SCHEMA & body.keys())
    async with stage(dialect) as (_, batches):
        await submitted(batches, prompts(3, "json"))
    assert len(bodies_in(provider)) == 3
    for body in bodies_in(provider):
        assert "tools" in body or "one of the weaker ways" in str(body)
        assert not SCHEMA & body.keys()
    assert not provider.live, "the gateway's own question has told"


@pytest.mark.parametrize("known", [True, False])
async def test_probabilities_are_asked_for_where_they_are_told(
    provider: Provider, known: bool
) -> None:
    provider.rejects = lambda body: "logprobs" in body and not known
    prefix = replace(prompts(1)[0].prefix, alternatives=5)
    asked = [Prompt(prefix, prompt.turns) for prompt in prompts(4)]
    async with stage("openai") as (_, batches):
        await submitted(batches, asked)
        told: list[Any] = [body.get("logprobs") for body in bodies_in(provider)]
    assert told == [True if known else None] * 4
    assert len(provider.live) == 1, "one call found it out"
