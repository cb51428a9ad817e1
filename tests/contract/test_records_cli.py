"""What the service kept, from a terminal; and the endpoint that takes feedback."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.cli import main
from app.features.answers import feedback
from app.problems import install_problem_handlers
from app.records import FeedbackEntry, FeedbackLog, GivenAnswer, Records, Store, open_records
from app.records.feedback import read

NOW = datetime.now(UTC)
ENTRY = FeedbackEntry(
    id="fb_1",
    at=NOW,
    message_id="msg_0123456789abcdef",
    rating="up",
    comment=None,
    question="How much is a filter?",
    history=[],
    passages=[
        {"document_id": "filters.md", "title": "Filters", "text": "A filter is 12.50 euros."}
    ],
    answer="A filter is 12.50 euros.",
    citations=[],
    action="answer",
    is_uncertain=False,
    model="any",
)
ANSWER = GivenAnswer(
    message_id=ENTRY.message_id,
    asked_at=NOW,
    question=ENTRY.question,
    query=ENTRY.question,
    history=[],
    passages=ENTRY.passages,
    answer=ENTRY.answer,
    citations=[],
    action="answer",
    is_uncertain=False,
    model="any",
    conversation_id=None,
    language="EN",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two lines of feedback."""
    monkeypatch.chdir(tmp_path)
    log = FeedbackLog(tmp_path / "feedback.jsonl")
    log.append(ENTRY)
    log.append(replace(ENTRY, message_id="msg_fedcba9876543210", rating="down", question="Why?"))
    return tmp_path


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    path = folder / "store.sqlite"
    monkeypatch.setenv("GROUNDWORK_STORE", str(path))
    return Store(path)


def groundwork(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(arguments)
    return capsys.readouterr().out


def refused(*arguments: str) -> str:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    return str(exited.value)


def test_a_line_of_feedback_becomes_a_case(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ("cases", "add", "feedback.jsonl", "--to", "cases.jsonl")
    facts = ("--contains", "12.50|12,50", "--contains", "euro")
    said = groundwork(capsys, *add, "--message", ENTRY.message_id, *facts)
    assert said == "a-0123456789ab was added to cases.jsonl.\n"
    groundwork(capsys, *add, "--line", "2", "--unanswerable")
    first, second = map(json.loads, (folder / "cases.jsonl").read_text("utf-8").splitlines())
    assert first == {
        "id": "a-0123456789ab",
        "input": {
            "question": ENTRY.question,
            "documents": [
                {"id": "filters.md", "title": "Filters", "text": "A filter is 12.50 euros."}
            ],
        },
        "expected": {"answerable": True, "contains": [["12.50", "12,50"], ["euro"]]},
    }
    assert second["id"] == "a-fedcba987654"
    assert second["expected"] == {"answerable": False, "contains": []}


def test_the_same_case_is_not_added_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add = ("cases", "add", "feedback.jsonl", "--to", "cases.jsonl", "--line", "1", "--unanswerable")
    groundwork(capsys, *add)
    before = (folder / "cases.jsonl").read_bytes()
    assert refused(*add) == "groundwork: cases.jsonl has a case a-0123456789ab already."
    assert (folder / "cases.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--line", "1"], 'holds, for example --contains "12.50", or --unanswerable'),
        (["--line", "2"], '--contains "WORDING|WORDING", or --unanswerable'),
        (["--unanswerable"], "feedback.jsonl has 2 entries: name one with --line or --message"),
        (["--message", "msg_1", "--unanswerable"], "feedback.jsonl has nothing about msg_1"),
        (["--line", "3", "--unanswerable"], "feedback.jsonl:3: there is no such line"),
        (["--line", "1", "--contains", "12.50|"], "a wording is empty"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_missing_is_said(arguments: list[str], says: str) -> None:
    assert says in refused("cases", "add", "feedback.jsonl", "--to", "cases.jsonl", *arguments)
    assert not Path("cases.jsonl").exists()


def test_of_an_answers_feedback_the_last_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FeedbackLog(folder / "feedback.jsonl").append(replace(ENTRY, question="And two?"))
    add = ("cases", "add", "feedback.jsonl", "--to", "cases.jsonl", "--unanswerable")
    groundwork(capsys, *add, "--message", ENTRY.message_id)
    assert (
        json.loads((folder / "cases.jsonl").read_text("utf-8"))["input"]["question"] == "And two?"
    )


def test_what_the_feature_would_refuse_is_not_added(folder: Path) -> None:
    FeedbackLog(folder / "bad.jsonl").append(
        replace(ENTRY, history=[{"role": "robot", "content": "Beep."}])
    )
    add = ("cases", "add", "bad.jsonl", "--unanswerable", "--to", "cases.jsonl")
    assert "The feature takes no such case: input.history.0.role" in refused(*add)
    (folder / "torn.jsonl").write_text("{")
    assert "torn.jsonl:1: " in refused("cases", "add", "torn.jsonl", "--line", "1")
    assert "No such file" in refused("cases", "add", "missing.jsonl", "--line", "1")
    (folder / "cases.jsonl").write_text("{}\n")
    good = ("cases", "add", "feedback.jsonl", "--line", "1", "--unanswerable")
    assert "cases.jsonl:1 is no case" in refused(*good, "--to", "cases.jsonl")


def test_gaps_are_listed_most_frequent_first_and_closed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    for days, question in [(9, "Is it loud?"), (3, "Is it waterproof?"), (1, "is it waterproof")]:
        store.missed(question, "EN", "not_in_documents", NOW - timedelta(days=days))
    store.missed("Red\x1b[31m\nalert " + "a" * 100, "EN", "not_in_documents", NOW)
    store.close()
    lines = groundwork(capsys, "answers", "gaps").splitlines()
    assert [line.split()[0] for line in lines] == ["COUNT", "2", "1", "1"]
    assert lines[1].split() == [
        "2",
        f"{NOW - timedelta(days=1):%Y-%m-%d}",
        f"{NOW - timedelta(days=1):%H:%M}Z",
        *("Is", "it", "waterproof?", "not_in_documents"),
    ]
    assert "Red [31m alert aaa" in lines[2]
    assert "\x1b" not in lines[2]
    assert "…  not_in_documents" in lines[2]

    recent = json.loads(groundwork(capsys, "answers", "gaps", "--since", "7d", "--json"))
    assert [gap["count"] for gap in recent] == [2, 1]
    assert recent[0]["question"] == "Is it waterproof?"
    assert datetime.fromisoformat(recent[0]["first"]) == NOW - timedelta(days=3)
    assert len(groundwork(capsys, "answers", "gaps", "--limit", "1").splitlines()) == 2

    groundwork(capsys, "answers", "gaps", "--close", "IS IT WATERPROOF")
    assert "waterproof" not in groundwork(capsys, "answers", "gaps")
    assert "no unanswered question" in refused("answers", "gaps", "--close", "Is it waterproof?")


def test_without_gaps_the_list_says_so(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    assert groundwork(capsys, "answers", "gaps") == "There are no unanswered questions.\n"
    assert json.loads(groundwork(capsys, "answers", "gaps", "--json")) == []


def test_a_span_that_is_none_is_refused(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.close()
    assert refused("answers", "gaps", "--since", "soon") == "2"
    assert "must be a number of hours, days or weeks" in capsys.readouterr().err


def test_gaps_need_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "set GROUNDWORK_STORE (or GROUNDWORK_FEEDBACK)" in refused("answers", "gaps")
    monkeypatch.setenv("GROUNDWORK_FEEDBACK", "feedback.jsonl")
    assert "There is no feedback.sqlite yet" in refused("answers", "gaps")
    assert not list(tmp_path.iterdir())


async def client_to(records: Records) -> AsyncGenerator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(feedback.router)
    install_problem_handlers(app)

    async def with_state(scope: dict[str, object], receive: object, send: object) -> None:
        await app({**scope, "state": {"records": records}}, receive, send)  # pyright: ignore

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(with_state),  # pyright: ignore
        base_url="http://groundwork",
    ) as client:
        yield client
    records.close()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    records = open_records(tmp_path / "feedback.jsonl", tmp_path / "feedback.sqlite")
    await records.remember(ANSWER)
    async for client in client_to(records):
        yield client


@pytest.fixture
async def deaf_client(tmp_path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    async for client in client_to(open_records(None, tmp_path / "store.sqlite")):
        yield client


async def test_feedback_is_taken_as_often_as_it_is_given(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = f"/answers/{ENTRY.message_id}/feedback"
    first = await client.post(path, json={"rating": "up"})
    assert first.status_code == 201
    assert first.json()["message_id"] == ENTRY.message_id
    await client.post(path, json={"rating": "down", "comment": "13 euros now.\n"})
    entries = [entry for _, entry in read(tmp_path / "feedback.jsonl")]
    assert entries[0] == replace(ENTRY, id=first.json()["id"], at=entries[0].at)  # pyright: ignore
    assert [entry.comment for entry in entries] == [None, "13 euros now.\n"]  # pyright: ignore


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rating": "meh"}, 422, "request-invalid"),
        ({"rating": "up", "stars": 5}, 422, "request-invalid"),
        ({"rating": "up", "comment": "a" * 4_001}, 413, "text-too-long"),
    ],
)
async def test_wrong_feedback_is_refused(
    client: httpx.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    response = await client.post(f"/answers/{ENTRY.message_id}/feedback", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_feedback_needs_an_answer_and_a_file(
    client: httpx.AsyncClient, deaf_client: httpx.AsyncClient
) -> None:
    unknown = await client.post("/answers/msg_1/feedback", json={"rating": "up"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "message-unknown")
    off = await deaf_client.post("/answers/msg_1/feedback", json={"rating": "up"})
    assert (off.status_code, off.json()["code"]) == (404, "feedback-off")
    assert "GROUNDWORK_FEEDBACK" in off.json()["detail"]
