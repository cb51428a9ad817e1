"""What ``groundwork cases`` and ``groundwork answers`` do; ``app.cli`` reads their arguments."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError
from app.features.feature import Case
from app.records import FeedbackEntry, Gap, Store
from app.records.cases import append, as_line, case_of, ids_in, numbers_in
from app.records.feedback import BadLine, read
from app.settings import Settings

_SPAN: Final = re.compile(r"(\d{1,5})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}
_WIDEST_QUESTION: Final = 80


class CommandRefused(Exception):
    """A command cannot be done; the text says why, and what would help."""


def add_case(
    file: Path,
    *,
    message: str | None,
    line: int | None,
    contains: Sequence[str],
    unanswerable: bool,
    to: Path | None,
) -> str:
    """Make a test case of the answers feature out of a feedback entry.

    Args:
        file: the feedback file.
        message: the id of the answer that the entry is about; of several entries the last.
        line: the entry's line instead; without either, the file must have a single entry.
        contains: the facts of a right answer, wordings separated by ``|``.
        unanswerable: whether the right answer is that the documents do not tell.
        to: the file of cases; None for the feature's own.

    Returns:
        What was done.

    Raises:
        CommandRefused: there is no such entry, or no case that is valid and new can be made of it.
    """
    try:
        entry = _entry(file, message, line)
        facts = None if unanswerable else [_wordings(text) for text in contains]
        if facts == []:
            raise CommandRefused(_how_to_expect(entry))
        case, path = case_of(entry, facts), to or answers.FEATURE.folder / "cases.jsonl"
        text = as_line(case)
        Case[answers.FEATURE.input_type].model_validate_json(text)
        if case["id"] in ids_in(path):
            raise CommandRefused(f"{path} has a case {case['id']} already.")
        append(path, text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CommandRefused(f"The feature takes no such case: {where}: {first['msg']}.") from error
    except OSError as error:
        raise CommandRefused(f"{error.filename}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandRefused(str(error)) from error
    return f"{case['id']} was added to {path}."


def _entry(file: Path, message: str | None, line: int | None) -> FeedbackEntry:
    found = dict(read(file))
    if line is not None:
        entry = found.get(line, BadLine("there is no such line"))
        if isinstance(entry, BadLine):
            raise CommandRefused(f"{file}:{line}: {entry.reason}.")
        return entry
    entries = [entry for entry in found.values() if isinstance(entry, FeedbackEntry)]
    if message is not None:
        entries = [entry for entry in entries if entry.message_id == message][-1:]
    if len(entries) != 1:
        which = f"nothing about {message}" if message else f"{len(entries)} entries"
        raise CommandRefused(f"{file} has {which}: name one with --line or --message.")
    return entries[0]


def _wordings(text: str) -> list[str]:
    wordings = [wording.strip() for wording in text.split("|")]
    if not all(wordings):
        raise CommandRefused(f"--contains {text!r}: a wording is empty.")
    return wordings


def _how_to_expect(entry: FeedbackEntry) -> str:
    flags = " ".join(f'--contains "{number}"' for number in numbers_in(entry.answer))
    if entry.rating == "up" and flags:
        return f"Say what a right answer holds, for example {flags}, or --unanswerable."
    return 'Say what a right answer holds: --contains "WORDING|WORDING", or --unanswerable.'


def list_gaps(settings: Settings, *, limit: int, since: timedelta | None, as_json: bool) -> str:
    """The questions that were not answered, most frequent first, as a table or as JSON.

    Raises:
        ConfigurationError: nothing is kept.
    """
    store = _store(settings)
    try:
        gaps = store.gaps(limit, datetime.now(UTC) - since if since else None)
    finally:
        store.close()
    if as_json:
        return to_json([asdict(gap) for gap in gaps], indent=2).decode()
    return "\n".join(_rows(gaps)) if gaps else "There are no unanswered questions."


def close_gap(settings: Settings, question: str) -> str:
    """Take a question off the list.

    Raises:
        ConfigurationError: nothing is kept.
        CommandRefused: it is not on the list.
    """
    store = _store(settings)
    try:
        if not store.close_gap(question):
            raise CommandRefused(f"This is no unanswered question: {question}")
    finally:
        store.close()
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


def _store(settings: Settings) -> Store:
    path = settings.store_path
    if path is None:
        msg = "Nothing is kept: set GROUNDWORK_STORE (or GROUNDWORK_FEEDBACK)."
        raise ConfigurationError(msg)
    if not path.exists():  # made here, it might belong to another user than the service's
        raise ConfigurationError(f"There is no {path} yet: the service makes it when it starts.")
    return Store(path)


def _rows(gaps: Sequence[Gap]) -> list[str]:
    shown = [("COUNT", "LAST ASKED", "QUESTION", "REASON")] + [
        (str(gap.count), f"{gap.last:%Y-%m-%d %H:%M}Z", _one_line(gap.question), gap.reason)
        for gap in gaps
    ]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        f"{count:>{widths[0]}}  {last:{widths[1]}}  {question:{widths[2]}}  {reason}"
        for count, last, question, reason in shown
    ]


def _one_line(question: str) -> str:
    """A stranger's text for a terminal: no control characters, not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in question)
    return text if len(text) <= _WIDEST_QUESTION else f"{text[: _WIDEST_QUESTION - 1]}…"
