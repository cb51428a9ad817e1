"""Makes a test case of the answers feature out of an answer that was given."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from app.records.values import GivenAnswer

_DIGITS_OF_ID: Final = 12

Case = dict[str, JsonValue]


def case_of(given: GivenAnswer, facts: Sequence[Sequence[str]] | None) -> Case:
    """The question again, with what was found for it as documents.

    Args:
        given: the answer.
        facts: what a right answer holds, each fact in all its wordings; None where the right
            answer is that the documents do not tell.
    """
    asked: Case = {"question": given.question, "documents": list(_documents(given))}
    if given.history:
        asked["history"] = [dict(message) for message in given.history]
    contains: list[JsonValue] = [list(wordings) for wordings in facts or ()]
    return {
        "id": f"a-{given.message_id.removeprefix('msg_')[:_DIGITS_OF_ID]}",
        "input": asked,
        "expected": {"answerable": facts is not None, "contains": contains},
    }


def _documents(given: GivenAnswer) -> Iterator[Case]:
    for passage in given.passages:
        document = {"id": passage["document_id"], "title": passage["title"]}
        yield {**{name: text for name, text in document.items() if text}, "text": passage["text"]}


def add(path: Path, case: Case) -> bool:
    """Add a case to a file of them, as a line; whether it is new there.

    Raises:
        OSError: the file cannot be read or written.
        ValueError: a line of it is no case; it is named.
    """
    line = json.dumps(case, ensure_ascii=False)
    if len(line.splitlines()) > 1:  # at a letter that ends a line for some, as U+2028
        line = json.dumps(case)
    text = path.read_text("utf-8") if path.exists() else ""
    for number, known in enumerate(text.splitlines(), start=1):
        try:
            if json.loads(known)["id"] == case["id"]:
                return False
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number} is no case.") from error
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n")
    return True
