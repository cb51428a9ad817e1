"""What the service kept, from a terminal."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.records import Disagreement, GivenAnswer, Store

NOW = datetime.now(UTC)
ANSWER = GivenAnswer(
    message_id="msg_0123456789abcdef",
    asked_at=NOW,
    conversation_id=None,
    question="How much is a filter?",
    query="filter price",
    history=[],
    passages=[
        {"document_id": "filters.md", "title": "Filters", "text": "A filter is 12.50 euros."}
    ],
    answer="A filter is 12.50 euros.",
    citations=[],
    action="answer",
    model="any",
)
NAME = ANSWER.message_id

Run = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_STORE", "store.sqlite")
    opened = Store(tmp_path / "store.sqlite")
    opened.remember(ANSWER)
    return opened


@pytest.fixture
def groundwork(store: Store, capsys: pytest.CaptureFixture[str]) -> Run:
    del store

    def run(*arguments: str) -> str:
        main(arguments)
        return capsys.readouterr().out

    return run


def refused(*arguments: str) -> str:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    return str(exited.value)


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("cases.jsonl").read_text("utf-8").splitlines()]


def test_an_answer_becomes_a_case(store: Store, groundwork: Run) -> None:
    turn = {"role": "user", "content": "A line\u2028of two."}
    store.remember(replace(ANSWER, message_id="msg_fedcba9876543210", history=[turn]))
    add = ("cases", "add", "--to", "cases.jsonl")
    Path("cases.jsonl").write_text('{"id": "a-1"}')
    said = groundwork(*add, NAME, "--contains", "12.50|12,50", "--contains", "euro")
    assert said == "a-0123456789ab was added to cases.jsonl.\n"
    groundwork(*add, "msg_fedcba9876543210", "--unanswerable")
    _, first, second = cases()
    assert first == {
        "id": "a-0123456789ab",
        "input": {
            "question": ANSWER.question,
            "documents": [
                {"id": "filters.md", "title": "Filters", "text": "A filter is 12.50 euros."}
            ],
        },
        "expected": {"action": "answer", "answer": {"contains": [["12.50", "12,50"], ["euro"]]}},
    }
    assert second["input"]["history"] == [turn]
    assert second["expected"] == {"action": {"one_of": ["unknown", "clarify", "handoff"]}}


def test_the_same_case_is_not_added_twice(groundwork: Run) -> None:
    add = ("cases", "add", NAME, "--to", "cases.jsonl", "--unanswerable")
    groundwork(*add)
    before = Path("cases.jsonl").read_bytes()
    assert refused(*add) == "groundwork: cases.jsonl has a case a-0123456789ab already."
    assert Path("cases.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([NAME], '--contains "WORDING|WORDING", or --unanswerable'),
        (["msg_1", "--unanswerable"], "There is no answer msg_1, or it is too long ago."),
        ([NAME, "--contains", "12.50|"], "a wording is empty"),
        (["msg_robot", "--unanswerable"], "The feature takes no such case: input.history.0.role"),
        ([NAME, "--unanswerable", "--to", "broken.jsonl"], "broken.jsonl:1 has no id"),
        ([NAME, "--unanswerable", "--to", "missing/cases.jsonl"], "No such file"),
    ],
)
def test_what_is_wrong_is_said(store: Store, arguments: list[str], says: str) -> None:
    robot = {"role": "robot", "content": "Beep."}
    store.remember(replace(ANSWER, message_id="msg_robot", history=[robot]))
    Path("broken.jsonl").write_text("{}\n")
    assert says in refused("cases", "add", "--to", "cases.jsonl", *arguments)
    assert not Path("cases.jsonl").exists()


def test_what_was_said_of_answers_becomes_training_data(store: Store, groundwork: Run) -> None:
    quote = {"document_id": "filters.md", "quote": "A filter is 12.50 euros."}
    for number, rating in enumerate(("up", "down", "up")):
        name, cited = f"msg_{number}", [quote][:number]
        store.remember(replace(ANSWER, message_id=name, question=f"{number}?", citations=cited))
        store.add_feedback(name, "up" if rating == "down" else rating, None)
        if rating == "down":
            store.add_feedback(name, rating, "A euro more.")
    export = ("cases", "export", "--training", "training.jsonl", "--since", "7d")
    assert groundwork(*export).splitlines() == [
        "2 of 3 answers were added to training.jsonl.",
        "Of all, 1 are bad: put their output right, and take the comment out.",
        "1 are left out: what they cite is no sentence of what was shown.",
    ]
    lines = [json.loads(line) for line in Path("training.jsonl").read_text("utf-8").splitlines()]
    assert [line["output"] for line in lines] == ["[1] A filter is 12.50 euros."] * 2
    assert [line.get("comment") for line in lines] == ["A euro more.", None]
    before = Path("training.jsonl").read_bytes()
    assert groundwork(*export).startswith("0 of 3 answers were added")
    assert Path("training.jsonl").read_bytes() == before


def test_gaps_are_listed_most_frequent_first_and_closed(store: Store, groundwork: Run) -> None:
    alert = "Red\x1b[31m\nalert " + "a" * 100
    for number, (days, question) in enumerate(
        [(9, "Is it loud?"), (3, "Is it waterproof?"), (1, "is it waterproof"), (0, alert)]
    ):
        asked_at = NOW - timedelta(days=days)
        store.remember(
            replace(
                ANSWER,
                message_id=f"m{number}",
                question=question,
                action="unknown",
                asked_at=asked_at,
            )
        )
    lines = groundwork("answers", "gaps").splitlines()
    assert [line.split()[0] for line in lines] == ["COUNT", "2", "1", "1"]
    day = NOW - timedelta(days=1)
    assert lines[1].split() == ["2", f"{day:%Y-%m-%d}", f"{day:%H:%M}Z", "Is", "it", "waterproof?"]
    assert "Red [31m alert aaa" in lines[2]
    assert "\x1b" not in lines[2]
    assert lines[2].endswith("a…")

    recent = json.loads(groundwork("answers", "gaps", "--since", "7d", "--json"))
    assert [gap["count"] for gap in recent] == [2, 1]
    assert recent[0]["question"] == "Is it waterproof?"
    assert datetime.fromisoformat(recent[0]["first"]) == NOW - timedelta(days=3)
    assert len(groundwork("answers", "gaps", "--limit", "1").splitlines()) == 2

    groundwork("answers", "gaps", "--close", "IS IT WATERPROOF")
    assert "waterproof" not in groundwork("answers", "gaps")
    assert "no unanswered question" in refused("answers", "gaps", "--close", "Is it waterproof?")


def test_feedback_is_listed_newest_first(store: Store, groundwork: Run) -> None:
    assert groundwork("answers", "feedback") == "There is nothing.\n"
    store.add_feedback(NAME, "up", None)
    store.add_feedback(NAME, "down", "Five,\nnow.")
    head, first, second = groundwork("answers", "feedback").splitlines()
    assert head.split() == ["SAID", "RATING", "ANSWER", "QUESTION", "COMMENT"]
    assert first.split()[2:] == ["down", NAME, *ANSWER.question.split(), "Five,", "now."]
    assert second.split()[2] == "up"
    said = json.loads(groundwork("answers", "feedback", "--json", "--limit", "1"))
    assert said[0]["comment"] == "Five,\nnow."
    assert said[0]["answer"]["passages"] == ANSWER.passages


def test_disagreements_are_listed_newest_first(store: Store, groundwork: Run) -> None:
    assert groundwork("candidate", "disagreements") == "There is nothing.\n"
    for days, feature in ((1, "tickets"), (9, "answers")):
        at = NOW - timedelta(days=days)
        request: Any = {"text": "My lamp\nbroke."}
        store.keep_disagreement(Disagreement(at, feature, ["urgency", "x"], request, {"a": 1}, {}))
    head, first, second = groundwork("candidate", "disagreements").splitlines()
    assert head.split() == ["ASKED", "FEATURE", "DIFFERENT", "REQUEST"]
    assert first.split(maxsplit=2)[2] == 'tickets  urgency, x  {"text":"My lamp\\nbroke."}'
    assert second.split()[2] == "answers"
    listed = groundwork("candidate", "disagreements", "--json", "--since", "7d")
    (kept,) = json.loads(listed)
    assert kept["request"] == {"text": "My lamp\nbroke."}
    assert (kept["reply"], kept["candidate_reply"]) == ({"a": 1}, {})


def test_without_gaps_the_list_says_so(groundwork: Run) -> None:
    assert groundwork("answers", "gaps") == "There is nothing.\n"
    assert json.loads(groundwork("answers", "gaps", "--json")) == []


@pytest.mark.usefixtures("store")
def test_a_span_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused("answers", "gaps", "--since", "soon") == "2"
    assert "must be a number of seconds, minutes, hours, days or weeks" in capsys.readouterr().err


def test_lists_need_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "set GROUNDWORK_STORE" in refused("answers", "gaps")
    monkeypatch.setenv("GROUNDWORK_STORE", "store.sqlite")
    assert "There is no store.sqlite yet" in refused("answers", "feedback")
    assert not list(tmp_path.iterdir())
