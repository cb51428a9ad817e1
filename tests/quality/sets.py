"""The sets that quality is measured on, as requests to the service and what is expected of it.

``cases`` are the features' own, which were seen while prompts were written. ``held out`` was written
by somebody who had seen neither prompts nor cases, and nobody tunes on it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Name = Literal["tickets", "answers", "ordinary", "translations"]
Source = Literal["cases", "held out"]

_ROOT: Final = Path(__file__).parents[2]
_HELD_OUT: Final = Path(__file__).with_name("held_out")
_FILES: Final[dict[tuple[Name, Source], Path]] = {
    ("tickets", "cases"): _ROOT / "app/features/tickets/cases.jsonl",
    ("tickets", "held out"): _HELD_OUT / "tickets.jsonl",
    ("answers", "cases"): _ROOT / "app/features/answers/cases.jsonl",
    ("answers", "held out"): _HELD_OUT / "questions.jsonl",
    ("ordinary", "held out"): _HELD_OUT / "ordinary.jsonl",
    ("translations", "cases"): _ROOT / "app/features/translations/cases.jsonl",
    ("translations", "held out"): _HELD_OUT / "reviews.jsonl",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One request.

    Attributes:
        id: its name in the file.
        path: where to post it.
        body: what to post.
        expected: what is expected, by the file's own names.
    """

    id: str
    path: str
    body: dict[str, Any]
    expected: dict[str, Any]


def items_of(name: Name, source: Source) -> list[Item]:
    """The items of a set, in the order of the file."""
    lines = _FILES[name, source].read_text("utf-8").splitlines()
    read = {"tickets": _ticket, "translations": _review}.get(name, _question)
    return list(read(map(json.loads, lines)))


def _ticket(lines: Iterator[dict[str, Any]]) -> Iterator[Item]:
    for line in lines:
        if "urgency" in line["expected"]:  # others ask for details alone
            email = dict(line["input"])
            body = email if "subject" in email else {"text": email.get("text") or email["body"]}
            yield Item(line["id"], "/tickets", body, line["expected"])


def _question(lines: Iterator[dict[str, Any]]) -> Iterator[Item]:
    for line in lines:
        asked, expected = line.get("input", line), line.get("expected", line)
        body = {key: asked[key] for key in ("question", "documents", "history") if key in asked}
        kept = {key: expected[key] for key in ("answerable", "contains")}
        yield Item(line["id"], "/answers", body, kept | {"support": line.get("support", [])})


def _review(lines: Iterator[dict[str, Any]]) -> Iterator[Item]:
    for line in lines:
        asked = line.get("input", line)
        target = asked.get("target_lang", "EN")
        body = {"text": [asked["text"]], "target_lang": target}
        reference = line["reference"] if "reference" in line else line["expected"]["text"]
        yield Item(line["id"], "/translations", body, {"text": reference, "target_lang": target})
