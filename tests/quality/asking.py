"""Asks the service what a set asks."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from app.evaluation.asking import Plan
from app.evaluation.kept import Said
from app.evaluation.results import Outcome
from app.evaluation.running import evaluate, outcome_of
from app.features.cases import Case
from app.provision import make_engine
from app.settings import Settings
from tests.quality.figures import FIGURES, Figures, Made
from tests.quality.plain import ask_plainly
from tests.quality.sets import PACKAGES, Name, Source, cases_of

_START_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a set.

    Attributes:
        figures: by name; percent, or chrF.
        count: how many cases.
        seconds: for a case, one after the other.
        tokens: in, out, and those of ``in`` that came from the prompt cache, for a case.
        made: the cases and what came of them.
    """

    figures: Figures
    count: int
    seconds: float
    tokens: tuple[float, float, float]
    made: Made


@dataclass(frozen=True, slots=True)
class Bench:
    """The service and the engine that it stands on.

    Attributes:
        settings: the service's.
        engine: a client of the engine's own server; None where the model is elsewhere.
    """

    settings: Settings
    engine: httpx.AsyncClient | None


@asynccontextmanager
async def bench_on(model: str, adapters: Mapping[str, str] | None = None) -> AsyncGenerator[Bench]:
    """The service on a model; of an embedded one, the engine is started here.

    ``adapters`` are as ``GROUNDWORK_ADAPTERS`` would name them, which holds without them.

    Keys and the address of a model elsewhere come from the environment, as the service's do.
    """
    settings = Settings(model=model)
    if adapters is not None:
        settings = settings.model_copy(update={"adapters": adapters})
    engine = make_engine(settings)
    if engine is None:
        yield Bench(settings, None)
        return
    await asyncio.to_thread(engine.start)
    try:
        assert await asyncio.to_thread(engine.wait, _START_SECONDS), engine.problem()
        where = {"base_url": f"{engine.base_url}/v1", "api_key": SecretStr(engine.key)}
        on_engine = settings.model_copy(update=where)
        key = {"authorization": f"Bearer {engine.key}"}
        http = httpx.AsyncClient(base_url=engine.base_url, headers=key, timeout=300)
        async with http as direct:
            yield Bench(on_engine, direct)
    finally:
        await asyncio.to_thread(engine.stop)


async def measure(bench: Bench, name: Name, source: Source, every: int = 1) -> Measured:
    """Ask the service a set's cases, or every so manyth, one after the other."""
    cases = cases_of(name, source)[::every]
    package = PACKAGES[name]
    plan = Plan(at_once=1)
    (made,) = await evaluate([package], bench.settings, plan, {package.FEATURE.name: cases})
    return _measured(name, list(zip(cases, made.outcomes, strict=True)))


async def measure_plain(bench: Bench, name: Name, source: Source, every: int = 1) -> Measured:
    """Likewise, of a plain prompt to the engine itself."""
    assert bench.engine, "only an embedded engine is asked directly"
    made: list[tuple[Case, Outcome]] = []
    for case in cases_of(name, source)[::every]:
        begun = time.perf_counter()
        answer = await ask_plainly(bench.engine, PACKAGES[name].FEATURE.name, case.input)
        said = Said(answer, seconds=time.perf_counter() - begun)
        made.append((case, outcome_of(case, said)))
    return _measured(name, made)


def _measured(name: Name, made: Made) -> Measured:
    def mean(field: str) -> float:
        return sum(getattr(outcome, field) for _, outcome in made) / len(made)

    tokens = mean("input_tokens"), mean("output_tokens"), mean("cached_tokens")
    return Measured(FIGURES[name](made), len(made), mean("seconds"), tokens, made)
