"""``python -m bench.engine``: translations by the embedded engine, asked directly and through the service.

Four at a time, round about; both ask for the same texts with the same prompt.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx  # noqa: TID251 # as a caller, not as the gateway

from app.embedded import Engine
from app.features.translations.translator import FEATURE, Unit
from app.gateway.dialects import OpenAIDialect, OutputMode, Profile
from app.provision import make_engine
from app.settings import Settings
from bench.errors import BenchError
from tests.service import run_service

_AT_ONCE = 4
_ROUNDS = 3
_EACH = 24
_START_SECONDS = 600.0

Ask = Callable[[str], Awaitable[httpx.Response]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("model", nargs="?", default="embedded:gemma-3-270m")
    model: str = parser.parse_args().model
    engine = make_engine(Settings(model=model))
    if engine is None:
        parser.error("the model must be an embedded one")
    engine.start()
    try:
        direct, through = _figures(model, engine)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    finally:
        engine.stop()
    print(f"{model}, {_AT_ONCE} at a time, {engine.slots} slots; median of {_ROUNDS}")
    print(f"asked directly:      {direct:6.2f} translations/s")
    print(f"through the service: {through:6.2f} translations/s, {through / direct:.2f} of it")


def _figures(model: str, engine: Engine) -> tuple[float, float]:
    if not engine.wait(_START_SECONDS):
        raise BenchError(f"the engine did not start: {engine.problem()}")
    with (
        TemporaryDirectory() as folder,
        run_service(
            Path(folder),
            model=model,
            base_url=f"{engine.base_url}/v1",
            api_key=engine.key,
            embedded_slots=str(engine.slots),
        ) as service,
    ):
        return asyncio.run(_rounds(engine, str(service.client.base_url)))


async def _rounds(engine: Engine, address: str) -> tuple[float, float]:
    dialect = OpenAIDialect(engine.name, Profile(temperature=0.0, keeps_length_limits=True))
    key = {"authorization": f"Bearer {engine.key}", "content-type": "application/json"}
    async with httpx.AsyncClient(timeout=_START_SECONDS) as client:

        async def directly(text: str) -> httpx.Response:
            prompt = FEATURE.prompt(Unit(text=text, target_lang="EN"))
            body = dialect.encode(prompt, OutputMode.PROMPT, stream=False)
            url = f"{engine.base_url}/v1/chat/completions"
            return await client.post(url, content=body, headers=key)

        async def through(text: str) -> httpx.Response:
            body = {"text": [text], "target_lang": "EN"}
            return await client.post(f"{address}/translations", json=body)

        for ask in (directly, through):
            await _rate(ask, 0)  # the prefix is read
        rates = [(await _rate(directly, n), await _rate(through, n)) for n in range(1, _ROUNDS + 1)]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


async def _rate(ask: Ask, number: int) -> float:
    """Translations a second."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(index: int) -> None:
        async with places:
            text = (
                f"Die Lampe Nummer {number}{index:02} ist schön, aber das Kabel ist viel zu kurz."
            )
            response = await ask(text)
        if response.status_code != 200:
            raise BenchError(response.text)

    begun = time.perf_counter()
    await asyncio.gather(*map(one, range(_EACH)))
    return _EACH / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
