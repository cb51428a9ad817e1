"""Makes a test case of the answers feature out of what somebody said of an answer."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from app.records.feedback import FeedbackEntry

_NUMBER: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")
_DIGITS_OF_ID: Final = 12

Case = dict[str, JsonValue]


def case_of(entry: FeedbackEntry, facts: Sequence[Sequence[str]] | None) -> Case:
    """The question again, with what was found for it as documents.

    Args:
        entry: the feedback.
        facts: what a right answer holds, each fact in all its wordings; None where the right
            answer is that the documents do not tell.
    """
    asked: Case = {"question": entry.question, "documents": list(_documents(entry))}
    if entry.history:
        asked["history"] = [dict(message) for message in entry.history]
    contains: list[JsonValue] = [list(wordings) for wordings in facts or ()]
    return {
        "id": f"a-{entry.message_id.removeprefix('msg_')[:_DIGITS_OF_ID]}",
        "input": asked,
        "expected": {"answerable": facts is not None, "contains": contains},
    }


def _documents(entry: FeedbackEntry) -> Iterator[Case]:
    for passage in entry.passages:
        document = {"id": passage["document_id"], "title": passage["title"]}
        yield {**{name: text for name, text in document.items() if text}, "text": passage["text"]}


def numbers_in(text: str) -> list[str]:
    """The numbers of a text, each once: likely facts."""
    return list(dict.fromkeys(_NUMBER.findall(text)))


def as_line(case: Case) -> str:
    """The case as a line of JSON Lines, in readable letters where they keep it one line."""
    line = json.dumps(case, ensure_ascii=False)
    return line if len(line.splitlines()) == 1 else json.dumps(case)


def ids_in(path: Path) -> set[str]:
    """The ids of a file of cases; none where there is no file.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is no case; it is named.
    """
    if not path.exists():
        return set()
    ids: set[str] = set()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            ids.add(json.loads(line)["id"])
        except (ValueError, TypeError, KeyError) as error:
            msg = f"{path}:{number} is no case."
            raise ValueError(msg) from error
    return ids


def append(path: Path, line: str) -> None:
    """Add a line to a file of cases.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a+b") as file:
        file.seek(0)
        text = file.read()
        gap = b"" if not text or text.endswith(b"\n") else b"\n"
        file.write(gap + line.encode() + b"\n")
