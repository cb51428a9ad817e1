"""``groundwork``: the service and its features from a terminal."""

import asyncio
import math
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, get_args

import click
import httpx
import uvicorn
from pydantic_core import from_json, to_json

from app import __version__, commands
from app.batches.places import data_folder, database_in
from app.callers.keys import read_keys
from app.callers.origin import is_loopback
from app.embedded import Engine
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import ConfigurationError
from app.evaluation.service import in_process
from app.factory import create_app
from app.features import features_of
from app.features.folder.loading import SAMPLE as SAMPLE_FEATURES
from app.features.folder.scaffold import make_folder
from app.knowledge.library import SAMPLE
from app.provision import make_engine
from app.settings import PREFIX, Role, Settings, load_settings, settings_table
from app.web.connection import Connection
from app.web.openapi import text_field

_CLOSING_SECONDS = 5  # after the grace period, to send what is left
_WORKER_SECONDS = 60  # to a worker that is started anew, until it serves


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
        "batch": "app.commands.batch.command:batch",
        "eval": "app.evaluation.command:run_evaluation",
        "gate": "app.evaluation.gate.command:run_gate",
        "tune": "app.tuning.command:tune",
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


for command in (commands.cases, commands.answers, commands.candidate, commands.keys):
    groundwork.add_command(command)


@groundwork.command()
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--host", help="Address to listen on, instead of GROUNDWORK_HOST.")
@click.option(
    "--sample",
    is_flag=True,
    help="Serve the sample features and answer from the sample documents, unless "
    "GROUNDWORK_FEATURES and GROUNDWORK_KNOWLEDGE name others.",
)
def serve(workers: int, host: str | None, *, sample: bool) -> None:
    """Start the service."""
    if host:
        os.environ[f"{PREFIX}HOST"] = host
    settings = load_settings()
    _refuse_strangers(settings)
    if workers > 1:
        _refuse_limits_apart(settings)
    if not settings.database:
        os.environ[f"{PREFIX}DATABASE"] = database_in(data_folder())
    if sample and not settings.knowledge:
        os.environ[f"{PREFIX}KNOWLEDGE"] = str(SAMPLE)
    if sample and not settings.features:
        os.environ[f"{PREFIX}FEATURES"] = str(SAMPLE_FEATURES)
    engines = _shared_engines(settings) if workers > 1 else []
    # uvicorn raises the signal again that it has ended by, for whoever started it: we did.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        uvicorn.run(
            "app.main:app",
            host=settings.host,
            port=settings.port,
            workers=workers,
            http=Connection,  # on h11: httptools refuses clients that offer an upgrade to HTTP/2
            log_config=None,
            access_log=settings.log_level == "debug",
            server_header=False,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_grace) + _CLOSING_SECONDS,
            timeout_worker_healthcheck=_WORKER_SECONDS,
        )
    finally:
        for engine in engines:
            engine.stop()


def _refuse_strangers(settings: Settings) -> None:
    if settings.keys is None and not settings.open and not is_loopback(settings.host):
        raise ConfigurationError(
            f"GROUNDWORK_HOST={settings.host} would let everybody in: make a key with "
            "`groundwork keys new NAME` and set GROUNDWORK_KEYS to its file, or set "
            "GROUNDWORK_OPEN=true to do without."
        )


def _refuse_limits_apart(settings: Settings) -> None:
    given = read_keys(settings.keys).values() if settings.keys else ()
    limited = settings.has_limits or any(key.limits.model_dump(exclude_none=True) for key in given)
    if limited and not settings.are_limits_shared:
        msg = f"{PREFIX}LIMITS_STORE has to be a server that all workers share, as valkey://host:6379."
        raise ConfigurationError(msg)


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
@click.argument("feature")
@click.argument("text")
def ask(feature: str, text: str) -> None:
    """Ask one feature, in process.

    TEXT is the text; or the request's body as JSON, if it starts with {; or - for stdin.
    """
    text = sys.stdin.read() if text == "-" else text
    settings = load_settings().alone().model_copy(update={"log_level": "error"})
    known = {package.FEATURE.name: package for package in features_of(settings)}
    if feature not in known:
        raise click.BadParameter(f"{feature!r} is not one of {', '.join(known)}.")
    app = create_app(settings, features=[known[feature]])
    path = f"/{feature}"
    body = text if text.lstrip().startswith("{") else to_json(_body_of(text, app.openapi(), path))

    async def post() -> httpx.Response:
        async with in_process(app, settings) as client:
            headers = {"content-type": "application/json"}
            return await client.post(path, content=body, headers=headers)

    response = asyncio.run(post())
    answer = to_json(from_json(response.content), indent=2).decode()
    if response.is_error:
        sys.exit(answer)
    print(answer)


def _body_of(text: str, document: dict[str, Any], path: str) -> dict[str, object]:
    """A request's body for a text alone."""
    field, schema = text_field(document, path)
    return {field: [text] if schema.get("type") == "array" else text}


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


@groundwork.group(invoke_without_command=True)
@click.pass_context
def features(context: click.Context) -> None:
    """List the features."""
    if context.invoked_subcommand:
        return
    found = [package.FEATURE for package in features_of(_without_model())]
    width = max(len(feature.name) for feature in found)
    for feature in found:
        print(f"{feature.name:{width}}  {feature.title}")


@features.command("new")
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("features"),
    show_default=True,
    help="Where to: what GROUNDWORK_FEATURES names.",
)
def new_feature(name: str, folder: Path) -> None:
    """Make the folder of a feature that works, to be changed into another."""
    made = make_folder(name, folder)
    print(f"{made} is there; try it: GROUNDWORK_FEATURES={folder} groundwork ask {name} '…'")


@groundwork.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    app = create_app(_without_model())
    print(to_json(app.openapi(), indent=2).decode())


def _without_model() -> Settings:
    """Settings for what asks no model."""
    return load_settings(model="openai:any", base_url="http://127.0.0.1").alone()


@groundwork.command()
def settings() -> None:
    """List the settings with their defaults."""
    print(settings_table())


if __name__ == "__main__":
    main()
