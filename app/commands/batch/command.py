"""``groundwork batch`` and what follows it, from a terminal."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import httpx
from pydantic_core import to_json

from app.batches.reading import CsvFile
from app.commands.batch.running import Run
from app.commands.batch.service import ENDINGS, Report, service_at
from app.commands.table import show_table
from app.errors import GroundworkError

T = TypeVar("T")

SOME_FAILED: Final = 3
_INTERRUPTED: Final = 130  # as a shell has it of SIGINT
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT: Final = click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="OUT",
    help="Where the results go, once all of them are there.",
)


def _somewhere(command: Callable[..., None]) -> Callable[..., None]:
    """With the options that say whose batches they are."""
    url = click.option(
        "--url", metavar="URL", help="Of a running service (default: within this process)."
    )
    key = click.option(
        "--key", envvar="GROUNDWORK_KEY", help="For that service (or GROUNDWORK_KEY)."
    )
    return url(key(command))


@click.group()
def batch() -> None:
    """Many rows at once: a CSV or JSON Lines file in, another one out."""


@batch.command("run")
@click.argument("file", type=_FILE)
@click.option("--feature", required=True, metavar="NAME", help="Which feature each row is for.")
@click.option("--text", metavar="COLUMN", help="The column of the feature's text.")
@click.option(
    "--set",
    "fields",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field of the feature's request: the column it is in, or what it is; repeatable.",
)
@click.option("--custom-id", metavar="COLUMN", help="The column of the rows' names.")
@click.option("--skip-invalid", is_flag=True, help="Do the valid rows though others are not.")
@click.option(
    "--mode",
    type=click.Choice(["live", "provider"]),
    default="live",
    show_default=True,
    help="provider: by Anthropic's or OpenAI's own batches, within a day.",
)
@click.option("--again", is_flag=True, help="Ask anew what has been done before.")
@_OUT
@_somewhere
def run_batch(
    file: Path,
    feature: str,
    text: str | None,
    fields: Sequence[str],
    custom_id: str | None,
    mode: str,
    out: Path,
    url: str | None,
    key: str | None,
    *,
    skip_invalid: bool,
    again: bool,
) -> None:
    """Ask a feature for each row of FILE (.csv, .jsonl or .ndjson).

    The same command again goes on where it was broken off. Exits with 3 if some rows have no result.
    """
    said = dict(_pair(each) for each in fields)
    _check(file, out, text, custom_id, said)
    said |= {"feature": feature, "skip_invalid": str(skip_invalid).lower(), "mode": mode}
    if custom_id:
        said["custom_id"] = custom_id
    run = Run(file, text, said, out, again=again)

    async def follow() -> Report:
        async with service_at(url, key, works=True) as service:
            return await run.follow(service)

    try:
        report = _asked(follow())
    except KeyboardInterrupt:
        click.echo(f"\n{run.left(url)}", err=True)
        sys.exit(_INTERRUPTED)
    counts = report["request_counts"]
    failed = counts["total"] - counts["completed"]
    click.echo(f"{out}: {counts['completed']} of {counts['total']} rows have a result.", err=True)
    if failed:
        click.echo(f"Of {failed}, `problem` says why they have none.", err=True)
        sys.exit(SOME_FAILED)


@batch.command("list")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@_somewhere
def list_batches(limit: int, url: str | None, key: str | None) -> None:
    """List batches, the newest first."""

    async def ask() -> Sequence[Report]:
        async with service_at(url, key) as service:
            return await service.list(limit)

    rows = [
        (
            *(each["id"], each["feature"], each["status"], f"{each['progress']:.0%}"),
            *(str(each["request_counts"][name]) for name in ("total", "failed")),
            each["created_at"],
        )
        for each in _asked(ask())
    ]
    show_table(("ID", "FEATURE", "STATUS", "DONE", "ROWS", "FAILED", "CREATED"), rows)


@batch.command("show")
@click.argument("batch_id")
@_somewhere
def show_batch(batch_id: str, url: str | None, key: str | None) -> None:
    """Print how a batch stands, as JSON."""

    async def ask() -> Report:
        async with service_at(url, key) as service:
            return await service.find(batch_id)

    click.echo(to_json(_asked(ask()), indent=2))


@batch.command("results")
@click.argument("batch_id")
@_OUT
@_somewhere
def save_results(batch_id: str, out: Path, url: str | None, key: str | None) -> None:
    """Write what is done of a batch, also while it runs."""

    async def ask() -> None:
        async with service_at(url, key) as service:
            await service.save(batch_id, out)

    _asked(ask())


@batch.command("cancel")
@click.argument("batch_id")
@_somewhere
def cancel_batch(batch_id: str, url: str | None, key: str | None) -> None:
    """Have no further row of a batch be asked; what is done stays."""

    async def ask() -> Report:
        async with service_at(url, key) as service:
            return await service.cancel(batch_id)

    click.echo(f"{batch_id} is {_asked(ask())['status']}.")


def _asked(question: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(question)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"The service cannot be asked: {error}.") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, is_there, value = text.partition("=")
    if not name or not is_there:
        raise click.BadParameter(f"{text}: must be like target_lang=EN", param_hint="--set")
    return name, value


def _check(
    file: Path, out: Path, text: str | None, custom_id: str | None, said: dict[str, str]
) -> None:
    """Refuse what would go wrong later, or not be what is meant."""
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise click.BadParameter(f"{file} must end in one of {', '.join(ENDINGS)}")
    if not out.parent.is_dir() or (out.exists() and out.samefile(file)):
        raise click.BadParameter(f"{out} is FILE itself, or its folder is not there")
    columns = (text, custom_id)
    if ending != ".csv":
        if said or any(columns):
            raise click.UsageError(
                "--text, --set and --custom-id are for CSV; a line of JSON Lines says it itself: "
                '{"custom_id": "…", "params": {…}}.'
            )
        return
    try:
        with file.open("rb") as opened:
            table = CsvFile(opened, None)
    except GroundworkError as error:
        raise click.ClickException(f"{file}: {error.detail}") from error
    for name in filter(None, columns):
        if name not in table.columns:
            there = ", ".join(table.columns)
            raise click.ClickException(f"{file} has no column {name}, but {there}.")
