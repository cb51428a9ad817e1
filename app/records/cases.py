"""Makes a test case of the answers feature out of an answer that was given."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from app.records.values import GivenAnswer

Case = dict[str, JsonValue]


def case_of(given: GivenAnswer, facts: Sequence[Sequence[str]] | None) -> Case:
    """The question again, with what was found for it as documents.

    Args:
        given: the answer.
        facts: what a right answer holds, each fact in all its wordings; None where the right
            answer is that the documents do not tell.
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
    return {
        "id": f"a-{given.message_id.removeprefix('msg_')[:12]}",
        "input": asked,
        "expected": expected,
    }


def add(path: Path, case: Case) -> bool:
    """Add a case to a file of them, as a line; whether it is new there.

    Raises:
        OSError: the file cannot be read or written.
        ValueError: a line of it is no case; it is named.
    """
    line = json.dumps(case, ensure_ascii=False)
    if len(line.splitlines()) > 1:  # at a letter that ends a line for some, as U+2028
        line = json.dumps(case)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for number, known in enumerate(lines, start=1):
        try:
            if json.loads(known)["id"] == case["id"]:
                return False
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number} is no case.") from error
    path.write_text("\n".join((*lines, line, "")), "utf-8")
    return True
