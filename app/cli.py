"""``groundwork``: the service and its features from a terminal."""

import argparse
import asyncio
import math
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import uvicorn
from pydantic_core import from_json, to_json

from app import __version__, commands
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model
from app.errors import ConfigurationError
from app.factory import create_app
from app.features import FEATURES, FeaturePackage
from app.knowledge.library import SAMPLE
from app.provision import make_engine
from app.settings import PREFIX, Settings, load_settings, settings_table

_START_SECONDS = 300.0
_CLOSING_SECONDS = 5  # after the grace period, to send what is left


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 and one line on stderr if it fails."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except ConfigurationError as error:
        sys.exit(f"groundwork: {error.detail}")
    except commands.CommandRefused as error:
        sys.exit(f"groundwork: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork", description="One foundation model behind many feature endpoints."
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="command")

    serve = subparsers.add_parser("serve", help="start the service")
    serve.add_argument("--workers", type=_positive, default=1, help="processes (default 1)")
    serve.add_argument(
        "--sample",
        action="store_true",
        help="answer from the sample documents, unless GROUNDWORK_KNOWLEDGE names others",
    )
    serve.set_defaults(command=_serve)

    ask = subparsers.add_parser("ask", help="ask one feature")
    ask.add_argument("feature", choices=[package.FEATURE.name for package in FEATURES])
    ask.add_argument(
        "input", help="the text; or the request's body as JSON, if it starts with {; or - for stdin"
    )
    ask.set_defaults(command=_ask)

    weights = subparsers.add_parser("weights", help="fetch an embedded model's weights")
    weights.add_argument("name", nargs="?", help="by default, what GROUNDWORK_MODEL names")
    weights.set_defaults(command=_weights)

    features = subparsers.add_parser("features", help="list the features")
    features.set_defaults(command=_features)
    openapi = subparsers.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(command=_openapi)
    settings = subparsers.add_parser("settings", help="list the settings with their defaults")
    settings.set_defaults(command=_settings)
    _add_cases(subparsers.add_parser("cases", help="test cases out of answers"))
    _add_answers(
        subparsers.add_parser("answers", help="what was asked, and what was said of answers")
    )
    return parser


def _add_cases(parser: argparse.ArgumentParser) -> None:
    add = parser.add_subparsers(required=True, metavar="command").add_parser(
        "add", help="make a test case out of an answer that was given"
    )
    add.add_argument("message", help="the answer's message_id")
    expected = add.add_mutually_exclusive_group()
    expected.add_argument(
        "--contains",
        action="append",
        default=[],
        metavar="TEXT",
        help="a fact that a right answer holds, in all its wordings, with | between; repeatable",
    )
    expected.add_argument(
        "--unanswerable", action="store_true", help="a right answer says that it does not know"
    )
    add.add_argument("--to", type=Path, metavar="FILE", help="where to (default: the feature's)")
    add.set_defaults(command=_cases_add)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    listed = parser.add_subparsers(required=True, metavar="command")
    gaps = listed.add_parser(
        "gaps", help="list the questions that were not answered, most frequent first"
    )
    gaps.add_argument("--close", metavar="QUESTION", help="take a question off the list")
    gaps.set_defaults(command=_answers_gaps)
    said = listed.add_parser("feedback", help="list what was said of answers, newest first")
    said.set_defaults(command=_answers_feedback)
    for one in (gaps, said):
        one.add_argument("--limit", type=_positive, default=20, help="most rows (default 20)")
        one.add_argument("--since", type=_span, help="only those of the last 12h, 7d or 2w, say")
        one.add_argument("--json", action="store_true", help="as JSON")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _span(text: str) -> timedelta:
    try:
        return commands.span(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _serve(options: argparse.Namespace) -> None:
    settings = load_settings()
    if options.sample and not settings.knowledge:
        os.environ[f"{PREFIX}KNOWLEDGE"] = str(SAMPLE)
    # One engine serves all workers: they find it as they would find any other server.
    engine = make_engine(settings) if options.workers > 1 else None
    if engine:
        engine.start()
        os.environ[f"{PREFIX}BASE_URL"] = f"{engine.base_url}/v1"
        os.environ[f"{PREFIX}API_KEY"] = engine.key
        os.environ[f"{PREFIX}EMBEDDED_SLOTS"] = str(engine.slots)
    # uvicorn raises the signal again that it has ended by, for whoever started it: we did.
    signal.signal(signal.SIGTERM, _exit)
    try:
        uvicorn.run(
            "app.main:app",
            host=settings.host,
            port=settings.port,
            workers=options.workers,
            http="h11",  # httptools refuses clients that offer an upgrade to HTTP/2
            log_config=None,
            access_log=settings.log_level == "debug",
            server_header=False,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_grace) + _CLOSING_SECONDS,
        )
    finally:
        if engine:
            engine.stop()


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _ask(options: argparse.Namespace) -> None:
    text = sys.stdin.read() if options.input == "-" else options.input
    package = next(p for p in FEATURES if p.FEATURE.name == options.feature)
    response = asyncio.run(_post(load_settings(), package, text))
    answer = to_json(from_json(response.content), indent=2).decode()
    if response.is_error:
        sys.exit(answer)
    print(answer)


async def _post(settings: Settings, package: FeaturePackage, text: str) -> httpx.Response:
    """One request through the whole application, without a socket of its own."""
    path = f"/{package.FEATURE.name}"
    app = create_app(settings.model_copy(update={"log_level": "error"}), features=[package])
    json = text if text.lstrip().startswith("{") else to_json(_body_of(text, app.openapi(), path))
    async with app.router.lifespan_context(app) as state:
        readiness = (state or {})["readiness"]
        await readiness.wait(_START_SECONDS)

        async def with_state(scope: dict[str, object], receive: object, send: object) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)  # pyright: ignore

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(with_state),  # pyright: ignore
            base_url="http://groundwork",
            timeout=settings.timeout,
        ) as client:
            return await client.post(
                path, content=json, headers={"content-type": "application/json"}
            )


def _body_of(text: str, document: dict[str, Any], path: str) -> dict[str, object]:
    """A request's body for a text alone: its ``text``, or else the first field it must have."""
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    field = "text" if "text" in schema["properties"] else schema["required"][0]
    many = schema["properties"][field].get("type") == "array"
    return {field: [text] if many else text}


def _weights(options: argparse.Namespace) -> None:
    settings = load_settings()
    if options.name is None and settings.model_name.provider != "embedded":
        print(f"GROUNDWORK_MODEL={settings.model} needs no weights here.")
        return
    model = find_model(options.name or settings.model_name.name)
    try:
        weights = import_module("app.embedded.weights")
    except ImportError as error:
        raise ConfigurationError(f"{error}: install groundwork[embedded].") from None
    print(weights.bring(model, settings.cache_dir or default_cache_dir()))


def _features(_options: argparse.Namespace) -> None:
    width = max(len(package.FEATURE.name) for package in FEATURES)
    for package in FEATURES:
        print(f"{package.FEATURE.name:{width}}  {package.FEATURE.title}")


def _openapi(_options: argparse.Namespace) -> None:
    app = create_app(Settings(model="openai:any", base_url="http://127.0.0.1"))
    print(to_json(app.openapi(), indent=2).decode())


def _settings(_options: argparse.Namespace) -> None:
    print(settings_table())


def _cases_add(options: argparse.Namespace) -> None:
    print(
        commands.add_case(
            load_settings(),
            options.message,
            contains=options.contains,
            unanswerable=options.unanswerable,
            to=options.to,
        )
    )


def _answers_gaps(options: argparse.Namespace) -> None:
    settings = load_settings()
    if options.close is not None:
        print(commands.close_gap(settings, options.close))
    else:
        print(commands.list_gaps(settings, **_listing(options)))


def _answers_feedback(options: argparse.Namespace) -> None:
    print(commands.list_feedback(load_settings(), **_listing(options)))


def _listing(options: argparse.Namespace) -> dict[str, Any]:
    return {"limit": options.limit, "since": options.since, "as_json": options.json}


if __name__ == "__main__":
    main()
