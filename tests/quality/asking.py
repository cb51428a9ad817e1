"""Asks the service what a set asks."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.factory import create_app
from app.provision import make_engine
from app.settings import Settings
from tests.quality.metrics import METRICS, Answers, Figures
from tests.quality.plain import ask_plainly
from tests.quality.sets import Item, Name, Source, items_of

_START_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a set.

    Attributes:
        figures: by name; percent, or chrF.
        count: how many items.
        seconds: for an item, one after the other.
        tokens: in, out, and those of ``in`` that came from the prompt cache, for an item.
        made: the items and their answers, None where the service answered with a problem.
    """

    figures: Figures
    count: int
    seconds: float
    tokens: tuple[float, float, float]
    made: Answers


@dataclass(frozen=True, slots=True)
class Bench:
    """The service and the engine that it stands on.

    Attributes:
        service: a client of the whole application.
        engine: a client of the engine's own server; None where the model is elsewhere.
    """

    service: httpx.AsyncClient
    engine: httpx.AsyncClient | None


@asynccontextmanager
async def bench_on(model: str) -> AsyncGenerator[Bench]:
    """The service on a model; of an embedded one, the engine is started here.

    Keys and the address of a model elsewhere come from the environment, as the service's do.
    """
    patient: dict[str, Any] = {"log_level": "error", "timeout": 300, "first_token_timeout": 300}
    settings = Settings(model=model, **patient)
    engine = make_engine(settings)
    if engine is None:
        async with _application(settings) as service:
            yield Bench(service, None)
        return
    await asyncio.to_thread(engine.start)
    try:
        assert await asyncio.to_thread(engine.wait, _START_SECONDS), engine.problem()
        on_engine = Settings(
            model=model, base_url=f"{engine.base_url}/v1", api_key=SecretStr(engine.key), **patient
        )
        key = {"authorization": f"Bearer {engine.key}"}
        async with (
            _application(on_engine) as service,
            httpx.AsyncClient(base_url=engine.base_url, headers=key, timeout=300) as direct,
        ):
            yield Bench(service, direct)
    finally:
        await asyncio.to_thread(engine.stop)


@asynccontextmanager
async def _application(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    async with (
        LifespanManager(create_app(settings), startup_timeout=_START_SECONDS) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client


async def measure(bench: Bench, name: Name, source: Source, every: int = 1) -> Measured:
    """Ask the service a set's items, or every so manyth, one after the other."""
    return await _measured(name, items_of(name, source)[::every], bench.service, _ask)


async def measure_plain(bench: Bench, name: Name, source: Source, every: int = 1) -> Measured:
    """Likewise, of a plain prompt to the engine itself."""
    assert bench.engine, "only an embedded engine is asked directly"
    return await _measured(name, items_of(name, source)[::every], bench.engine, ask_plainly)


async def _measured(
    name: Name, items: Sequence[Item], client: httpx.AsyncClient, ask: Any
) -> Measured:
    begun = time.perf_counter()
    made = [(item, await ask(client, item)) for item in items]
    seconds = (time.perf_counter() - begun) / len(items)
    usages = [answer["usage"] for _, answer in made if answer and "usage" in answer]
    fields = ("input_tokens", "output_tokens", "cached_input_tokens")
    each = [sum(usage[field] for usage in usages) / max(1, len(usages)) for field in fields]
    return Measured(METRICS[name](made), len(items), seconds, (each[0], each[1], each[2]), made)


async def _ask(client: httpx.AsyncClient, item: Item) -> dict[str, Any] | None:
    response = await client.post(item.path, json=item.body)
    return response.json() if response.status_code == 200 else None
