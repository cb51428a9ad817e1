"""``groundwork``: the service and its features from a terminal."""

import asyncio
import math
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click
import httpx
import uvicorn
from fastapi import FastAPI
from pydantic_core import from_json, to_json

from app import __version__, commands
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import ConfigurationError
from app.evaluation.service import in_process, patience_for
from app.factory import create_app
from app.features import FEATURES
from app.knowledge.library import SAMPLE
from app.provision import make_engine
from app.settings import PREFIX, Settings, load_settings, settings_table

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


class _Group(click.Group):
    """Has commands, too, whose modules are loaded when they are called: numpy takes 15 MB."""

    later: Final = {
        "eval": "app.evaluation.command:run_evaluation",
        "gate": "app.evaluation.gate.command:run_gate",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.later])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.later[cmd_name].partition(":")
        return getattr(import_module(module), name)


@click.group(cls=_Group)
@click.version_option(__version__, message="%(version)s")
def groundwork() -> None:
    """One foundation model behind many feature endpoints."""


groundwork.add_command(commands.cases)
groundwork.add_command(commands.answers)


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
    # One engine serves all workers: they find it as they would find any other server.
    engine = make_engine(settings) if workers > 1 else None
    if engine:
        engine.start()
        os.environ[f"{PREFIX}BASE_URL"] = f"{engine.base_url}/v1"
        os.environ[f"{PREFIX}API_KEY"] = engine.key
        os.environ[f"{PREFIX}EMBEDDED_SLOTS"] = str(engine.slots)
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
        if engine:
            engine.stop()


@groundwork.command()
@click.argument("feature", type=click.Choice([package.FEATURE.name for package in FEATURES]))
@click.argument("text")
def ask(feature: str, text: str) -> None:
    """Ask one feature, in process.

    TEXT is the text; or the request's body as JSON, if it starts with {; or - for stdin.
    """
    text = sys.stdin.read() if text == "-" else text
    settings = load_settings().model_copy(update={"log_level": "error"})
    app = create_app(settings, features=[each for each in FEATURES if each.FEATURE.name == feature])
    path = f"/{feature}"
    body = text if text.lstrip().startswith("{") else to_json(_body_of(text, app.openapi(), path))
    response = asyncio.run(_post(app, path, body, patience_for(settings)))
    answer = to_json(from_json(response.content), indent=2).decode()
    if response.is_error:
        sys.exit(answer)
    print(answer)


async def _post(app: FastAPI, path: str, body: str | bytes, patience: float) -> httpx.Response:
    """One request through the whole application, once it is ready or ``patience`` is at its end."""
    async with in_process(app, patience) as client:
        headers = {"content-type": "application/json"}
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
