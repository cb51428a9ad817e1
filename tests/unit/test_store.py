"""What is kept of answers: found again, let go of in time, by several processes at once."""

import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ConfigurationError, RecordUnwritten
from app.records import Gap, GivenAnswer, Records, Store, open_records, store
from app.records.store import question_key

NOW = datetime.now(UTC)
ANSWER = GivenAnswer(
    message_id="msg_1",
    asked_at=NOW,
    question="How long is the warranty?",
    query="How long is the warranty of the Lumo lamp?",
    history=[{"role": "user", "content": "I have a Lumo lamp."}],
    passages=[{"document_id": "lumo.md", "title": "", "text": "Three years.", "start": 0}],
    answer="Three years.",
    citations=[{"document_id": "lumo.md", "quote": "Three years", "start": 0, "end": 11}],
    action="answer",
    is_uncertain=False,
    model="any",
    conversation_id=None,
    language="EN",
)
WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from app.records import Store
from tests.unit.test_store import ANSWER
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    store.remember(replace(ANSWER, message_id=name))
    store.missed("How heavy is it?", "EN", "not_in_documents", ANSWER.asked_at)
    print(name, flush=True)
"""
OPENER = """
import sys
from pathlib import Path
from app.records import Store
sys.stdin.readline()
for number in range(50):
    Store(Path(sys.argv[1]) / str(number)).close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def kept(path: Path) -> Generator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def writer(path: Path, name: str, writes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(writes)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def test_an_answer_is_found_again_whole(kept: Store) -> None:
    kept.remember(ANSWER)
    kept.remember(replace(ANSWER, message_id="msg_2", is_uncertain=True))
    assert kept.find("msg_1") == ANSWER
    assert kept.find("msg_3") is None


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_text_comes_back_as_it_was(kept: Store, text: str) -> None:
    name = str(uuid4())
    turn = {"role": "user", "content": text}
    answer = replace(ANSWER, message_id=name, question=text, answer=text, history=[turn])
    kept.remember(replace(answer, conversation_id=name))
    assert kept.find(name) == replace(answer, conversation_id=name)
    assert kept.conversation(name) == [("user", text), ("assistant", text)]


def test_a_conversation_is_made_of_the_answers_that_name_it(kept: Store) -> None:
    kept.remember(ANSWER)
    for number, (name, question) in enumerate([("a", "One?"), ("b", "Two?"), ("a", "Three?")]):
        kept.remember(
            replace(ANSWER, message_id=f"m{number}", conversation_id=name, question=question)
        )
    assert kept.conversation("a") == [
        ("user", "One?"),
        ("assistant", "Three years."),
        ("user", "Three?"),
        ("assistant", "Three years."),
    ]
    assert kept.forget_conversation("a")
    assert not kept.forget_conversation("a")
    assert kept.conversation("a") is None
    assert kept.conversation("b") == [("user", "Two?"), ("assistant", "Three years.")]
    assert kept.find("m0") is None
    assert kept.find("msg_1")


def test_of_a_very_long_conversation_the_last_turns_count(kept: Store) -> None:
    for number in range(103):
        kept.remember(
            replace(ANSWER, message_id=str(number), conversation_id="c", answer=str(number))
        )
    turns = kept.conversation("c")
    assert turns
    assert len(turns) == 200
    assert turns[1] == ("assistant", "3")
    assert turns[-1] == ("assistant", "102")


def test_what_is_too_old_is_neither_given_nor_kept(path: Path, kept: Store) -> None:
    old = replace(ANSWER, asked_at=NOW - timedelta(days=31), conversation_id="c")
    for number in range(150):
        kept.remember(replace(old, message_id=f"old-{number}"))
    assert rows(path, "SELECT count(*) FROM answers") == [(0,)]

    patient = Store(path, keep_days=40)
    patient.remember(old)
    assert patient.find("msg_1")
    patient.close()
    assert kept.find("msg_1") is None
    assert kept.conversation("c") is None
    kept.remember(replace(ANSWER, message_id="new"))
    assert rows(path, "SELECT message_id FROM answers") == [("new",)]


def test_the_newest_are_kept_of_too_many(path: Path) -> None:
    small = Store(path, most_answers=5)
    for number in range(12):
        small.remember(replace(ANSWER, message_id=str(number)))
    small.close()
    names = rows(path, "SELECT message_id FROM answers ORDER BY number")
    assert names == [(str(number),) for number in range(7, 12)]


def test_unanswered_questions_are_counted_most_frequent_first(kept: Store) -> None:
    hour = timedelta(hours=1)
    kept.missed("Is it waterproof?", "EN", "not_in_documents", NOW)
    kept.missed("How heavy is it?", "EN", "not_in_documents", NOW - 3 * hour)
    kept.missed("  how HEAVY\tis it ?!", "DE", "needs_staff", NOW - hour)
    kept.missed("How heavy is it", "EN", "later_written", NOW - 4 * hour)
    kept.missed("Is it loud?", "EN", "not_in_documents", NOW - 2 * hour)
    heavy = Gap("How heavy is it?", 3, NOW - 4 * hour, NOW - hour, "EN", "later_written")
    assert kept.gaps(20) == [
        heavy,
        Gap("Is it waterproof?", 1, NOW, NOW, "EN", "not_in_documents"),
        Gap("Is it loud?", 1, NOW - 2 * hour, NOW - 2 * hour, "EN", "not_in_documents"),
    ]
    assert kept.gaps(1) == [heavy]
    assert [gap.count for gap in kept.gaps(20, NOW - hour)] == [3, 1]
    assert kept.close_gap("how heavy is IT")
    assert not kept.close_gap("how heavy is IT")
    assert [gap.question for gap in kept.gaps(20)] == ["Is it waterproof?", "Is it loud?"]


def test_times_are_those_of_utc_whatever_zone_they_come_in(kept: Store) -> None:
    there = datetime.fromisoformat("2026-03-01T00:30:00+09:00")
    kept.missed("Why?", "EN", "not_in_documents", there)
    gap = kept.gaps(1)[0]
    assert gap.first == there
    assert gap.first.isoformat() == "2026-02-28T15:30:00+00:00"


def test_the_rarest_of_very_many_questions_go(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_MOST_GAPS", 3)
    for minute, question in enumerate("aabbcde"):
        kept.missed(question, "EN", "not_in_documents", NOW + timedelta(minutes=minute))
    assert [gap.question for gap in kept.gaps(20)] == ["b", "a", "e"]


@given(st.text())
def test_a_key_is_its_own_key_and_does_not_see_case_and_end_marks(text: str) -> None:
    key = question_key(text)
    assert question_key(key) == key
    assert question_key(text.casefold()) == key
    assert question_key(f" ¿{text} ?!\n") == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Où?", "Ou?"),
        ("Is it 12 V?", "Is it 24 V?"),
        ("Is C# fine?", "Is C fine?"),
        ("1.5", "15"),
        ("1 m\u00b2?", "1 m2?"),
    ],
)
def test_accents_digits_and_inner_marks_tell_questions_apart(one: str, other: str) -> None:
    assert question_key(one) != question_key(other)


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert question_key("Caf\u00e9?") == question_key("CAFE\u0301")


def test_the_file_is_its_owners_alone(path: Path, kept: Store) -> None:
    kept.remember(ANSWER)
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path, kept: Store) -> None:
    kept.remember(ANSWER)
    kept.close()
    rows(path, "PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match="version 99"):
        Store(path)
    assert rows(path, "SELECT message_id FROM answers") == [("msg_1",)]


def test_what_is_no_store_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("Dear diary, " * 100)
    with pytest.raises(ConfigurationError, match=r"store\.sqlite cannot be opened"):
        Store(path)
    assert path.read_text().startswith("Dear diary, ")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Store(path.parent)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Store(path.parent / "missing" / "store.sqlite")
    other = path.with_name("other.sqlite")
    rows(other, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(ConfigurationError, match="something else"):
        Store(other)


def test_processes_that_make_the_file_at_once_do_not_fail(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path)],
            stdin=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    for process in openers:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in openers:
        process.communicate(timeout=100)
        assert process.returncode == 0


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    writers = [writer(path, name, 200) for name in "abcd"]
    for process in writers:
        process.communicate(timeout=100)
        assert process.returncode == 0
    assert rows(path, "SELECT count(*) FROM answers") == [(800,)]
    assert rows(path, "SELECT count FROM gaps") == [(800,)]


def test_what_was_written_outlives_a_killed_process(path: Path) -> None:
    for life in range(3):
        process = writer(path, f"life-{life}", 100_000)
        assert process.stdout
        names = [process.stdout.readline().strip() for _ in range(50)]
        process.kill()
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        names += rest.split()
        opened = Store(path)
        assert all(opened.find(name) for name in names)
        opened.close()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_threads_share_a_store(path: Path, kept: Store) -> None:
    def write(name: int) -> None:
        for number in range(50):
            kept.remember(replace(ANSWER, message_id=f"{name}-{number}"))
            assert kept.find(f"{name}-{number}")

    threads = [threading.Thread(target=write, args=[name]) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(path, "SELECT count(*) FROM answers") == [(300,)]


@pytest.fixture
def full_disk() -> Generator[None]:
    """No file grows over 128 KiB while this is in use."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (131_072, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
async def test_on_a_full_disk_only_a_conversation_that_is_to_be_kept_fails(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = open_records(None, path)
    await records.remember(ANSWER)
    large = replace(ANSWER, message_id="msg_2", answer="a" * 200_000)
    await records.remember(large)
    assert "msg_2 could not be kept" in caplog.text
    with pytest.raises(RecordUnwritten):
        await records.remember(replace(large, conversation_id="c"))
    assert await records.find("msg_1") == ANSWER
    assert await records.find("msg_2") is None
    await records.remember(replace(ANSWER, message_id="msg_3"))
    assert await records.find("msg_3")
    records.close()


async def test_without_a_file_nothing_is_kept() -> None:
    records = Records(None, None)
    assert not records.keeps
    await records.remember(ANSWER)
    await records.missed("Why?", "EN", "not_in_documents", NOW)
    assert await records.find("msg_1") is None
    assert await records.conversation("c") is None
    records.close()
