"""``groundwork``: the service and its features from a terminal."""

import asyncio
import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any, get_args

import click
import httpx
import uvicorn
from fastapi import FastAPI
from pydantic_core import from_json, to_json

from app import __version__, commands
from app.embedded import Engine
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import ConfigurationError
from app.factory import create_app
from app.features import FEATURES
from app.knowledge.library import SAMPLE
from app.provision import make_engine
from app.settings import PREFIX, Role, Settings, load_settings, settings_table

_START_SECONDS = 300.0
_POLL_SECONDS = 0.05
_CLOSING_SECONDS = 5  # after the grace period, to send what is left


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 and one line on stderr if it fails."""
    try:
        groundwork.main(arguments, prog_name="groundwork", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except (ConfigurationError, click.ClickException) as error:
        sys.exit(f"groundwork: {error}")
    except click.Abort:
        sys.exit(130)


@click.group()
@click.version_option(__version__, message="%(version)s")
def groundwork() -> None:
    """One foundation model behind many feature endpoints."""


groundwork.add_command(commands.cases)
groundwork.add_command(commands.answers)
groundwork.add_command(commands.candidate)


@groundwork.command()
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--sample",
    is_flag=True,
    help="Answer from the sample documents, unless GROUNDWORK_KNOWLEDGE names others.",
)
def serve(workers: int, *, sample: bool) -> None:
    """Start the service."""
    settings = load_settings()
    if sample and not settings.knowledge:
        os.environ[f"{PREFIX}KNOWLEDGE"] = str(SAMPLE)
    engines = _shared_engines(settings) if workers > 1 else []
    # uvicorn raises the signal again that it has ended by, for whoever started it: we did.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        uvicorn.run(
            "app.main:app",
            host=settings.host,
            port=settings.port,
            workers=workers,
            http="h11",  # httptools refuses clients that offer an upgrade to HTTP/2
            log_config=None,
            access_log=settings.log_level == "debug",
            server_header=False,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_grace) + _CLOSING_SECONDS,
        )
    finally:
        for engine in engines:
            engine.stop()


def _shared_engines(settings: Settings) -> list[Engine]:
    """One engine of a model serves all workers: they find it as they would find any other server."""
    engines: list[Engine] = []
    beside = {f"{role.upper()}_": settings.beside(role) for role in get_args(Role)}
    for role, named in ({"": settings} | beside).items():
        if named and (engine := make_engine(named)):
            engine.start()
            engines.append(engine)
            os.environ[f"{PREFIX}{role}BASE_URL"] = f"{engine.base_url}/v1"
            os.environ[f"{PREFIX}{role}API_KEY"] = engine.key
            if not role:
                os.environ[f"{PREFIX}EMBEDDED_SLOTS"] = str(engine.slots)
    return engines


@groundwork.command()
@click.argument("feature", type=click.Choice([package.FEATURE.name for package in FEATURES]))
@click.argument("text")
def ask(feature: str, text: str) -> None:
    """Ask one feature, in process.

    TEXT is the text; or the request's body as JSON, if it starts with {; or - for stdin.
    """
    text = sys.stdin.read() if text == "-" else text
    settings = load_settings().alone().model_copy(update={"log_level": "error"})
    app = create_app(settings, features=[each for each in FEATURES if each.FEATURE.name == feature])
    path = f"/{feature}"
    body = text if text.lstrip().startswith("{") else to_json(_body_of(text, app.openapi(), path))
    patience = _START_SECONDS if settings.model_name.provider == "embedded" else 0
    response = asyncio.run(_post(app, path, body, patience))
    answer = to_json(from_json(response.content), indent=2).decode()
    if response.is_error:
        sys.exit(answer)
    print(answer)


async def _post(app: FastAPI, path: str, body: str | bytes, patience: float) -> httpx.Response:
    """One request through the whole application, once it is ready or ``patience`` is at its end."""
    until = time.monotonic() + patience
    headers = {"content-type": "application/json"}
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: dict[str, object], receive: object, send: object) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)  # pyright: ignore

        transport = httpx.ASGITransport(with_state)  # pyright: ignore
        async with httpx.AsyncClient(transport=transport, base_url="http://groundwork") as client:
            while time.monotonic() < until and (await client.get("/readyz")).is_error:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
            return await client.post(path, content=body, headers=headers)


def _body_of(text: str, document: dict[str, Any], path: str) -> dict[str, object]:
    """A request's body for a text alone: its ``text``, or else the first field it must have."""
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    field = "text" if "text" in schema["properties"] else schema["required"][0]
    many = schema["properties"][field].get("type") == "array"
    return {field: [text] if many else text}


@groundwork.command()
@click.argument("name", required=False)
def weights(name: str | None) -> None:
    """Fetch an embedded model's weights.

    By default, those of what GROUNDWORK_MODEL names.
    """
    settings = load_settings()
    if name is None and settings.model_name.provider != "embedded":
        print(f"GROUNDWORK_MODEL={settings.model} needs no weights here.")
        return
    model = find_model(name or settings.model_name.name)
    try:
        weights = import_module("app.embedded.weights")
    except ImportError as error:
        raise ConfigurationError(f"{error}: install groundwork[embedded].") from None
    print(weights.bring(model, settings.cache_dir or default_cache_dir()))


@groundwork.command()
def features() -> None:
    """List the features."""
    width = max(len(package.FEATURE.name) for package in FEATURES)
    for package in FEATURES:
        print(f"{package.FEATURE.name:{width}}  {package.FEATURE.title}")


@groundwork.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    app = create_app(Settings(model="openai:any", base_url="http://127.0.0.1"))
    print(to_json(app.openapi(), indent=2).decode())


@groundwork.command()
def settings() -> None:
    """List the settings with their defaults."""
    print(settings_table())


if __name__ == "__main__":
    main()
