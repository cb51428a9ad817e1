"""``groundwork cases``, ``answers`` and ``candidate``: what the service kept, from a terminal."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from pydantic_core import to_json

from app.commands.table import one_line, show_table
from app.errors import ConfigurationError
from app.features.answers import FEATURE
from app.features.cases import case_of as check_case
from app.records import Disagreement, Feedback, Gap, Store
from app.records.cases import add, case_of
from app.settings import load_settings
from app.tuning.given import example_of

_SPAN: Final = re.compile(r"(\d{1,5})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}
_ALL: Final = -1  # rows, as SQLite takes it


def _since(_context: object, _parameter: object, span: str | None) -> datetime | None:
    """The time that a span such as ``12h``, ``7d`` or ``2w`` ago was."""
    if span is None:
        return None
    match = _SPAN.fullmatch(span)
    if not match:
        msg = "must be a number of hours, days or weeks, such as 12h, 7d or 2w"
        raise click.BadParameter(msg)
    return datetime.now(UTC) - timedelta(hours=int(match[1]) * _HOURS[match[2]])


_LIMIT: Final = click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Most rows."
)
_SINCE: Final = click.option(
    "--since", callback=_since, metavar="SPAN", help="Only those of the last 12h, 7d or 2w, say."
)
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def cases() -> None:
    """Test cases out of answers."""


@cases.command("add")
@click.argument("message")
@click.option(
    "--contains",
    multiple=True,
    metavar="TEXT",
    help="A fact that a right answer holds, in all its wordings, with | between; repeatable.",
)
@click.option("--unanswerable", is_flag=True, help="A right answer says that it does not know.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=FEATURE.folder / "cases.jsonl",
    metavar="FILE",
    help="Where to (default: the feature's).",
)
def add_case(message: str, contains: Sequence[str], to: Path, *, unanswerable: bool) -> None:
    """Make a test case out of the answer that was given with this message_id."""
    if bool(contains) == unanswerable:
        msg = 'Say what a right answer holds: --contains "WORDING|WORDING", or --unanswerable.'
        raise click.ClickException(msg)
    with _store() as store:
        given = store.find(message)
    if given is None:
        raise click.ClickException(f"There is no answer {message}, or it is too long ago.")
    case = case_of(given, None if unanswerable else [_wordings(text) for text in contains])
    try:
        check_case(to_json(case), FEATURE.takes, FEATURE.metrics)
    except ValueError as error:
        raise click.ClickException(f"The feature takes no such case: {error}.") from error
    try:
        is_new = add(to, [case], by="id")
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if not is_new:
        raise click.ClickException(f"{to} has a case {case['id']} already.")
    click.echo(f"{case['id']} was added to {to}.")


def _wordings(text: str) -> list[str]:
    wordings = [wording.strip() for wording in text.split("|")]
    if not all(wordings):
        raise click.ClickException(f"--contains {text!r}: a wording is empty.")
    return wordings


@cases.command("export")
@click.option(
    "--training",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="JSON Lines that are added to, for `groundwork tune --data`.",
)
@_SINCE
def export_cases(training: Path, since: datetime | None) -> None:
    """Make training data of the answers that people said something of.

    A good answer is an example as it is. A bad one has what was said of it as its comment, and is
    refused in a training until somebody has put its output right and taken the comment out.
    """
    with _store() as store:
        said = store.feedback(_ALL, since)
    latest = {each.answer.message_id: each for each in reversed(said)}
    examples = [example_of(each) for each in latest.values()]
    lines = [example for example in examples if example]
    try:
        added = add(training, lines, by="input")
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{added} of {len(latest)} answers were added to {training}.")
    if wrong := sum("comment" in line for line in lines):
        click.echo(f"Of all, {wrong} are bad: put their output right, and take the comment out.")
    if left_out := len(examples) - len(lines):
        click.echo(f"{left_out} are left out: what they cite is no sentence of what was shown.")


@click.group()
def answers() -> None:
    """What was asked, and what was said of answers."""


@answers.command("gaps")
@click.option("--close", metavar="QUESTION", help="Take a question off the list.")
@_LIMIT
@_SINCE
@_JSON
def list_gaps(close: str | None, limit: int, since: datetime | None, *, as_json: bool) -> None:
    """List the questions that were not answered, most frequent first."""
    with _store() as store:
        if close is None:
            gaps = store.gaps(limit, since)
            rows = [(str(gap.count), _minute(gap.last), gap.question) for gap in gaps]
            _show(gaps, ("COUNT", "LAST ASKED", "QUESTION"), rows, as_json=as_json)
        elif store.close_gap(close):
            click.echo("It is off the list, until it is asked again.")
        else:
            raise click.ClickException(f"This is no unanswered question: {close}")


@answers.command("feedback")
@_LIMIT
@_SINCE
@_JSON
def list_feedback(limit: int, since: datetime | None, *, as_json: bool) -> None:
    """List what was said of answers, newest first."""
    with _store() as store:
        said = store.feedback(limit, since)
    rows = [
        (_minute(each.at), each.rating, each.answer.message_id, each.answer.question, each.comment)
        for each in said
    ]
    _show(said, ("SAID", "RATING", "ANSWER", "QUESTION", "COMMENT"), rows, as_json=as_json)


@click.group()
def candidate() -> None:
    """How GROUNDWORK_CANDIDATE does beside the base model."""


@candidate.command("disagreements")
@_LIMIT
@_SINCE
@_JSON
def list_disagreements(limit: int, since: datetime | None, *, as_json: bool) -> None:
    """List requests that the candidate answered differently in its shadow, newest first."""
    with _store() as store:
        found = store.disagreements(limit, since)
    rows = [
        (_minute(each.at), each.feature, ", ".join(each.fields), to_json(each.request).decode())
        for each in found
    ]
    _show(found, ("ASKED", "FEATURE", "DIFFERENT", "REQUEST"), rows, as_json=as_json)


@contextmanager
def _store() -> Generator[Store]:
    path = load_settings().store
    if path is None:
        raise ConfigurationError("Nothing is kept: set GROUNDWORK_STORE.")
    if not path.exists():  # made here, it might belong to another user than the service's
        raise ConfigurationError(f"There is no {path} yet: the service makes it when it starts.")
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}Z"


def _show(
    items: Sequence[Gap | Feedback | Disagreement],
    head: tuple[str, ...],
    rows: Sequence[Any],
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(to_json([asdict(item) for item in items], indent=2))
        return
    if not rows:
        click.echo("There is nothing.")
        return
    show_table(head, [[one_line(cell or "") for cell in row] for row in rows])
