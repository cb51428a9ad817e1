"""Makes test cases of the answers feature out of answers that were given; adds lines to files."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import JsonValue

from app.records.values import GivenAnswer

Case = dict[str, JsonValue]


def case_of(given: GivenAnswer, facts: Sequence[Sequence[str]] | None) -> Case:
    """The question again, with what was found for it as documents.

    ``facts`` are what a right answer holds, each in all its wordings; None where the right answer is
    that the documents do not tell.
    """
    fields = {"id": "document_id", "title": "title", "text": "text"}
    documents: list[JsonValue] = [
        {field: passage[name] for field, name in fields.items() if passage[name]}
        for passage in given.passages
    ]
    asked: Case = {"question": given.question, "documents": documents}
    if given.history:
        asked["history"] = [dict(message) for message in given.history]
    expected: Case = {"action": {"one_of": ["unknown", "clarify", "handoff"]}}
    if facts is not None:
        wordings: list[JsonValue] = [list(fact) for fact in facts]
        expected = {"action": "answer", "answer": {"contains": wordings}}
    name = f"a-{given.message_id.removeprefix('msg_')[:12]}"
    return {"id": name, "input": asked, "expected": expected}


def add(path: Path, lines: Iterable[Case], by: str) -> int:
    """Add lines to a file of JSON Lines, made where there is none; how many are new there.

    Lines are the same whose member ``by`` is.

    Raises:
        ValueError: a line of it has no such member; it is named.
    """
    there = path.read_text("utf-8").splitlines() if path.exists() else []
    known: set[str] = set()
    for number, line in enumerate(there, start=1):
        try:
            known.add(_key(json.loads(line)[by]))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number} has no {by}.") from error
    new = {key: line for line in lines if (key := _key(line[by])) not in known}
    if new:
        path.write_text("\n".join((*there, *map(_line, new.values()), "")), "utf-8")
    return len(new)


def _key(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


def _line(value: Case) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if len(line.splitlines()) > 1:  # at a letter that ends a line for some, as U+2028
        line = json.dumps(value)
    return line
