"""Feedback is taken down durably: whole lines, in turns, whatever happens to a process."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ConfigurationError, FeedbackOff, MessageUnknown, RecordUnwritten
from app.records import FeedbackEntry, FeedbackLog, GivenAnswer, open_records
from app.records.cases import append, as_line, case_of, numbers_in
from app.records.feedback import BadLine, read

ENTRY = FeedbackEntry(
    id="fb_1",
    at=datetime(2026, 11, 25, 20, 0, tzinfo=UTC),
    message_id="msg_0123456789abcdef",
    rating="down",
    comment="Five years!",
    question="How long is the warranty?",
    history=[{"role": "user", "content": "Hello."}],
    passages=[{"document_id": "lumo.md", "title": "Lumo", "url": None, "text": "Three years."}],
    answer="Three years.",
    citations=[{"quote": "Three years", "start": 0, "end": 11}],
    action="answer",
    is_uncertain=False,
    model="any",
)
WRITER = """
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from app.records import FeedbackLog
from tests.unit.test_feedback import ENTRY
log = FeedbackLog(Path(sys.argv[1]), max_bytes=int(sys.argv[4]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    log.append(replace(ENTRY, id=name))
    print(name, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feedback.jsonl"


def writer(path: Path, name: str, writes: int, max_bytes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(writes), str(max_bytes)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def names_in(*paths: Path) -> list[str]:
    """The entries' names; no line may be anything else."""
    lines = [line for path in paths for _, line in read(path)]
    assert not [line for line in lines if isinstance(line, BadLine)]
    return [line.id for line in lines if isinstance(line, FeedbackEntry)]


def test_an_entry_is_a_line_of_json_that_reads_back_whole(path: Path) -> None:
    log = FeedbackLog(path)
    log.append(ENTRY)
    log.append(replace(ENTRY, id="fb_2", comment=None, rating="up"))
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert first["at"] == "2026-11-25T20:00:00Z"
    assert (first["rating"], second["comment"]) == ("down", None)
    assert dict(read(path)) == {1: ENTRY, 2: replace(ENTRY, id="fb_2", comment=None, rating="up")}
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_comments_read_back_in_their_order(path: Path, comments: list[str]) -> None:
    path.unlink(missing_ok=True)
    log = FeedbackLog(path)
    for comment in comments:
        log.append(replace(ENTRY, comment=comment))
    assert list(read(path)) == [
        (number, replace(ENTRY, comment=comment))
        for number, comment in enumerate(comments, start=1)
    ]


@given(cut=st.integers(min_value=0))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_nothing_is_glued_to_a_torn_line(path: Path, cut: int) -> None:
    path.unlink(missing_ok=True)
    log = FeedbackLog(path)
    log.append(ENTRY)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: cut % len(whole)])
    log.append(replace(ENTRY, id="fb_2"))
    entries = [line for _, line in read(path) if isinstance(line, FeedbackEntry)]
    assert [entry.id for entry in entries if entry.id == "fb_2"] == ["fb_2"]
    assert path.read_bytes().startswith(whole)


def test_bad_lines_are_named_and_do_not_stop_the_reading(path: Path) -> None:
    log = FeedbackLog(path)
    log.append(ENTRY)
    good = path.read_text("utf-8")
    path.write_bytes(
        b"\n{\n" + good.replace("down", "sideways").encode() + b"\xff\n" + good.encode()
    )
    lines = list(read(path))
    bad = [line for _, line in lines[:4] if isinstance(line, BadLine)]
    assert len(bad) == 4
    assert bad[2].reason == "rating: Input should be 'up' or 'down'"
    assert lines[4] == (5, ENTRY)


def test_a_full_file_is_renamed_and_nothing_is_overwritten(path: Path) -> None:
    FeedbackLog(path).append(ENTRY)
    size = path.stat().st_size
    log = FeedbackLog(path, max_bytes=2 * size)
    for number in range(8):
        log.append(replace(ENTRY, id=f"fb_{number}"))
    files = sorted(path.parent.iterdir(), key=lambda file: (len(file.name), file.name))
    assert len(files) == 5
    assert files[0] == path
    assert all(file.name.startswith("feedback-") and file.suffix == ".jsonl" for file in files[1:])
    assert {len(names_in(file)) for file in files[1:]} == {2}
    assert sorted(names_in(*files)) == sorted(["fb_1", *(f"fb_{number}" for number in range(8))])


def test_an_entry_larger_than_a_file_may_be_has_one_of_its_own(path: Path) -> None:
    log = FeedbackLog(path, max_bytes=10)
    log.append(ENTRY)
    log.append(ENTRY)
    assert [len(names_in(file)) for file in path.parent.iterdir()] == [1, 1]


def test_processes_that_write_and_rotate_at_once_lose_nothing(path: Path) -> None:
    writers = [writer(path, name, 60, 5_000) for name in "abcd"]
    for process in writers:
        process.communicate(timeout=100)
        assert process.returncode == 0
    files = list(path.parent.iterdir())
    assert len(files) > 10
    written = [f"{name}-{number}" for name in "abcd" for number in range(60)]
    assert sorted(names_in(*files)) == sorted(written)


def test_what_was_written_outlives_a_killed_process(path: Path) -> None:
    names: list[str] = []
    for life in range(3):
        process = writer(path, f"life-{life}", 100_000, 5_000)
        assert process.stdout
        names += [process.stdout.readline().strip() for _ in range(20)]
        process.kill()
        names += process.communicate(timeout=60)[0].split()
        assert process.returncode == -signal.SIGKILL
    FeedbackLog(path).append(ENTRY)
    lines = [line for file in path.parent.iterdir() for _, line in read(file)]
    found = [line.id for line in lines if isinstance(line, FeedbackEntry)]
    assert {*names, "fb_1"} <= set(found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("room", [0, 100])
def test_on_a_full_disk_an_entry_is_refused_and_leaves_nothing(path: Path, room: int) -> None:
    log = FeedbackLog(path)
    log.append(ENTRY)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large|No space left"):
            log.append(ENTRY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    log.append(replace(ENTRY, id="fb_2"))
    assert names_in(path) == ["fb_1", "fb_2"]


def test_a_file_that_cannot_be_written_is_found_out_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GROUNDWORK_FEEDBACK: .* Is a directory"):
        FeedbackLog(tmp_path)
    with pytest.raises(ConfigurationError, match="No such file"):
        FeedbackLog(tmp_path / "missing" / "feedback.jsonl")


@pytest.fixture
def spoilt(path: Path) -> Callable[[], None]:
    """Puts a folder where the file was."""

    def spoil() -> None:
        path.unlink()
        path.mkdir()

    return spoil


async def test_feedback_holds_the_answer_it_is_about(
    path: Path, spoilt: Callable[[], None]
) -> None:
    answer = GivenAnswer(
        message_id=ENTRY.message_id,
        asked_at=datetime.now(UTC),
        question=ENTRY.question,
        query="warranty",
        history=ENTRY.history,
        passages=ENTRY.passages,
        answer=ENTRY.answer,
        citations=ENTRY.citations,
        action=ENTRY.action,
        is_uncertain=False,
        model=ENTRY.model,
        conversation_id=None,
        language="EN",
    )
    records = open_records(path, path.with_suffix(".sqlite"))
    await records.remember(answer)
    entry = await records.add_feedback(ENTRY.message_id, "down", "Five years!")
    assert entry == replace(ENTRY, id=entry.id, at=entry.at)
    assert dict(read(path)) == {1: entry}
    with pytest.raises(MessageUnknown):
        await records.add_feedback("msg_2", "up", None)
    spoilt()
    with pytest.raises(RecordUnwritten):
        await records.add_feedback(ENTRY.message_id, "up", None)
    records.close()


async def test_without_a_file_there_is_no_feedback(path: Path) -> None:
    records = open_records(None, path.with_suffix(".sqlite"))
    with pytest.raises(FeedbackOff, match="GROUNDWORK_FEEDBACK"):
        await records.add_feedback("msg_1", "up", None)
    records.close()


def test_an_entry_becomes_a_case() -> None:
    untitled = {"document_id": "b.md", "title": "", "text": "Five years."}
    entry = replace(ENTRY, passages=[*ENTRY.passages, untitled])
    assert case_of(entry, [["five", "5"], ["years"]]) == {
        "id": "a-0123456789ab",
        "input": {
            "question": ENTRY.question,
            "documents": [
                {"id": "lumo.md", "title": "Lumo", "text": "Three years."},
                {"id": "b.md", "text": "Five years."},
            ],
            "history": ENTRY.history,
        },
        "expected": {"answerable": True, "contains": [["five", "5"], ["years"]]},
    }
    unanswerable = case_of(replace(ENTRY, history=[]), None)
    assert unanswerable["expected"] == {"answerable": False, "contains": []}
    assert unanswerable["input"] == {
        "question": ENTRY.question,
        "documents": [{"id": "lumo.md", "title": "Lumo", "text": "Three years."}],
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_case_is_always_one_line(question: str) -> None:
    line = as_line(case_of(replace(ENTRY, question=question), None))
    assert line.splitlines() == [line]
    assert json.loads(line)["input"]["question"] == question


def test_a_case_is_not_glued_to_a_last_line_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    append(path, "1")
    path.write_text("1\n2")
    append(path, "3")
    assert path.read_text() == "1\n2\n3\n"


def test_numbers_are_found_as_they_are_written() -> None:
    assert numbers_in("It costs 12.50 euros, or 1,200 for 100; open 9:00. 100!") == [
        "12.50",
        "1,200",
        "100",
        "9:00",
    ]
