"""What ``groundwork cases`` and ``groundwork answers`` do; ``app.cli`` reads their arguments."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError
from app.features import answers
from app.features.feature import Case
from app.records import Feedback, Gap, Store
from app.records.cases import add, case_of
from app.settings import Settings

_SPAN: Final = re.compile(r"(\d{1,5})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}
_WIDEST: Final = 80  # characters of a stranger's text in a row


class CommandRefused(Exception):
    """A command cannot be done; the text says why, and what would help."""


def add_case(
    settings: Settings,
    message: str,
    *,
    contains: Sequence[str],
    unanswerable: bool,
    to: Path | None,
) -> str:
    """Make a test case of the answers feature out of an answer that was given.

    Args:
        settings: where answers are kept.
        message: the answer's name.
        contains: the facts of a right answer, wordings separated by ``|``.
        unanswerable: whether the right answer is that the documents do not tell.
        to: the file of cases; None for the feature's own.

    Returns:
        What was done.

    Raises:
        ConfigurationError: nothing is kept.
        CommandRefused: there is no such answer, or no case that is valid and new can be made of it.
    """
    if not contains and not unanswerable:
        msg = 'Say what a right answer holds: --contains "WORDING|WORDING", or --unanswerable.'
        raise CommandRefused(msg)
    with _store(settings) as store:
        given = store.find(message)
    if given is None:
        raise CommandRefused(f"There is no answer {message}, or it is too long ago.")
    case = case_of(given, None if unanswerable else [_wordings(text) for text in contains])
    path = to or answers.FEATURE.folder / "cases.jsonl"
    try:
        Case[answers.FEATURE.asks].model_validate(case)
        is_new = add(path, case)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CommandRefused(f"The feature takes no such case: {where}: {first['msg']}.") from error
    except OSError as error:
        raise CommandRefused(f"{error.filename}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandRefused(str(error)) from error
    if not is_new:
        raise CommandRefused(f"{path} has a case {case['id']} already.")
    return f"{case['id']} was added to {path}."


def _wordings(text: str) -> list[str]:
    wordings = [wording.strip() for wording in text.split("|")]
    if not all(wordings):
        raise CommandRefused(f"--contains {text!r}: a wording is empty.")
    return wordings


def list_gaps(settings: Settings, *, limit: int, since: timedelta | None, as_json: bool) -> str:
    """The questions that were not answered, most frequent first, as a table or as JSON.

    Raises:
        ConfigurationError: nothing is kept.
    """
    with _store(settings) as store:
        gaps = store.gaps(limit, _ago(since))
    rows = [(str(gap.count), _minute(gap.last), gap.question) for gap in gaps]
    return _shown(gaps, ("COUNT", "LAST ASKED", "QUESTION"), rows, as_json=as_json)


def list_feedback(settings: Settings, *, limit: int, since: timedelta | None, as_json: bool) -> str:
    """What was said of answers, the newest first, as a table or as JSON.

    Raises:
        ConfigurationError: nothing is kept.
    """
    with _store(settings) as store:
        said = store.feedback(limit, _ago(since))
    rows = [
        (_minute(each.at), each.rating, each.answer.message_id, each.answer.question, each.comment)
        for each in said
    ]
    return _shown(said, ("SAID", "RATING", "ANSWER", "QUESTION", "COMMENT"), rows, as_json=as_json)


def close_gap(settings: Settings, question: str) -> str:
    """Take a question off the list.

    Raises:
        ConfigurationError: nothing is kept.
        CommandRefused: it is not on the list.
    """
    with _store(settings) as store:
        if not store.close_gap(question):
            raise CommandRefused(f"This is no unanswered question: {question}")
    return "It is off the list, until it is asked again."


def span(text: str) -> timedelta:
    """A time span such as ``12h``, ``7d`` or ``2w``.

    Raises:
        ValueError: it is something else.
    """
    match = _SPAN.fullmatch(text)
    if not match:
        msg = "must be a number of hours, days or weeks, such as 12h, 7d or 2w"
        raise ValueError(msg)
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


@contextmanager
def _store(settings: Settings) -> Generator[Store]:
    path = settings.store
    if path is None:
        raise ConfigurationError("Nothing is kept: set GROUNDWORK_STORE.")
    if not path.exists():  # made here, it might belong to another user than the service's
        raise ConfigurationError(f"There is no {path} yet: the service makes it when it starts.")
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


def _ago(since: timedelta | None) -> datetime | None:
    return datetime.now(UTC) - since if since else None


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}Z"


def _shown(
    items: Sequence[Gap | Feedback],
    head: tuple[str, ...],
    rows: Sequence[tuple[str | None, ...]],
    *,
    as_json: bool,
) -> str:
    if as_json:
        return to_json([asdict(item) for item in items], indent=2).decode()
    if not rows:
        return "There is nothing."
    table = [head, *(tuple(_one_line(cell or "") for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def _one_line(text: str) -> str:
    """A stranger's text for a terminal: no control characters, not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
