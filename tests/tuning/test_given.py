"""Answers that were given, as training data: what the model read and wrote, once more."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from app.errors import ConfigurationError
from app.features.answers import FEATURE
from app.features.answers.schemas import Citation, FoundPassage
from app.features.answers.task import AnswerTask
from app.gateway.boundary import laid_out
from app.knowledge.sources import Heading, Source
from app.knowledge.splitting import split
from app.records import Feedback, GivenAnswer
from app.tuning.data import read_pairs
from app.tuning.given import example_of

QUESTION = "How long is the warranty?"
TEXT = """Lumo lamp

Warranty

It lasts three years. Keep the receipt.

Care

Wipe it with a dry cloth."""
LAMP = Source(
    "lamp.md",
    "Lumo lamp",
    TEXT,
    language="en",
    headings=(
        Heading(0, 1, "Lumo lamp"),
        Heading(TEXT.index("Warranty"), 2, "Warranty"),
        Heading(TEXT.index("Care"), 2, "Care"),
    ),
)
NOTE = Source("note.txt", "", "Ask at the desk.", language="en")
PASSAGES = (*split(NOTE), *split(LAMP))
TASK = AnswerTask.model_construct(question=QUESTION, passages=PASSAGES, history=())
WRITTEN = "[3][1] Three years; ask at the desk."


def wire(of: Any, passages: Any) -> list[dict[str, Any]]:
    return [of.of(each).model_dump(mode="json") for each in passages]


ANSWER = GivenAnswer(
    message_id="msg_0123456789abcdef",
    asked_at=datetime.now(UTC),
    conversation_id=None,
    question=QUESTION,
    query=QUESTION,
    history=[],
    passages=wire(FoundPassage, PASSAGES),
    answer="Three years; ask at the desk.",
    citations=wire(Citation, TASK.cited((3, 1))),
    action="answer",
    model="any",
)
GOOD = Feedback("fb_1", datetime.now(UTC), "up", None, ANSWER)
BAD = replace(GOOD, rating="down", comment="Four years.")


def lines(path: Path, *said: Feedback) -> Path:
    path.write_bytes(b"".join(to_json(example_of(each)) + b"\n" for each in said))
    return path


def test_a_good_answer_is_trained_on_as_the_model_read_and_wrote_it(tmp_path: Path) -> None:
    unknown = replace(ANSWER, answer="I do not know.", action="unknown", citations=[])
    file = lines(tmp_path / "given.jsonl", GOOD, replace(GOOD, answer=unknown))
    first, second = read_pairs(FEATURE, file, None)
    asked = first.messages[-1]["content"].splitlines()[1:-1]
    assert asked == laid_out(FEATURE.turns(TASK)[-1]).splitlines()[1:-1]
    assert "[3] Keep the receipt." in asked
    assert first.completion == WRITTEN
    assert second.completion == "[unknown] I do not know."


def test_a_bad_answer_waits_to_be_put_right(tmp_path: Path) -> None:
    example = example_of(BAD)
    assert example
    assert (example["output"], example["comment"]) == (WRITTEN, "Four years.")
    with pytest.raises(ConfigurationError, match=r"given\.jsonl:1: comment"):
        read_pairs(FEATURE, lines(tmp_path / "given.jsonl", BAD), None)


@pytest.mark.parametrize(
    "citations", [[], [{"document_id": "lamp.md", "quote": "It lasts four years."}]]
)
def test_a_good_answer_from_what_was_not_shown_is_left_out(citations: Any) -> None:
    answer = replace(ANSWER, citations=citations)
    assert example_of(replace(GOOD, answer=answer)) is None
    bad = example_of(replace(BAD, answer=answer))
    assert bad
    assert bad["output"] == ANSWER.answer
