"""A gateway and its batches on the provider that is played, and what becomes of prompts in them."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from app.errors import GroundworkError
from app.gateway import Completion, ModelGateway, Prompt, Turn, Untrusted
from app.gateway.batching import Outcome, ProviderBatches, key_of
from app.provision import make_batches, make_gateway
from tests.gateway.batching.provider import Dialect
from tests.wire.upstream import PROMPTS, settings

DIALECTS: tuple[Dialect, ...] = ("anthropic", "openai")


@asynccontextmanager
async def stage(
    dialect: Dialect, **others: Any
) -> AsyncGenerator[tuple[ModelGateway, ProviderBatches]]:
    """The gateway, and the batches of its model server."""
    given = settings(dialect, **others)
    async with aclosing(make_gateway(given, None)) as gateway:
        yield gateway, make_batches(given, gateway)


def prompts(count: int, kind: str = "text") -> list[Prompt]:
    """Prompts that are not the same."""
    prefix = PROMPTS[kind].prefix
    return [
        Prompt(prefix, (Turn("user", (Untrusted(f"Lamp {number}."), "In one word.")),))
        for number in range(count)
    ]


async def one_by_one(prompts: Iterable[Prompt]) -> AsyncIterator[Prompt]:
    for prompt in prompts:
        yield prompt


async def submitted(batches: ProviderBatches, prompts: Iterable[Prompt]) -> list[str]:
    """The names of the batches that prompts went into."""
    return [name async for name in batches.submit(one_by_one(prompts))]


async def outcomes_of(batches: ProviderBatches, names: Iterable[str]) -> dict[str, Outcome]:
    """What became of the prompts, each of which is told of once."""
    found: dict[str, Outcome] = {}
    for name in names:
        async for key, outcome in batches.results(name):
            assert key not in found, "it was told before"
            found[key] = outcome
    return found


def read(
    batches: ProviderBatches, prompts: Iterable[Prompt], found: dict[str, Outcome]
) -> list[Completion | GroundworkError | None]:
    """What the outcomes say to whoever knows the prompts."""
    said: list[Completion | GroundworkError | None] = []
    for prompt in prompts:
        try:
            said.append(batches.read(prompt, found[key_of(prompt)]))
        except GroundworkError as error:
            said.append(error)
    return said
