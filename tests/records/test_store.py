"""What is kept of answers: found again, let go of in time, by several processes at once."""

import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ConfigurationError, MessageUnknown, RecordUnwritten
from app.records import Disagreement, Gap, GivenAnswer, Store
from app.records import store as module
from app.records.store import question_key

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ANSWER = GivenAnswer(
    message_id="msg_1",
    asked_at=NOW,
    conversation_id=None,
    question="How long is the warranty?",
    query="How long is the warranty of the Lumo lamp?",
    history=[{"role": "user", "content": "I have a Lumo lamp."}],
    passages=[{"document_id": "lumo.md", "title": "", "text": "Three years.", "start": 0}],
    answer="Three years.",
    citations=[{"document_id": "lumo.md", "quote": "Three years", "start": 0, "end": 11}],
    action="answer",
    model="any",
)
WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from app.records import Store
from tests.records.test_store import ANSWER
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    store.remember(replace(ANSWER, message_id=name, action="unknown"))
    store.add_feedback(name, "down", None)
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


def miss(store: Store, question: str, at: datetime = NOW) -> None:
    store.remember(
        replace(ANSWER, message_id=str(uuid4()), question=question, action="unknown", asked_at=at)
    )


def program(text: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        stdin=subprocess.PIPE,
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
    kept.remember(replace(ANSWER, message_id="msg_2", answer="Five."))
    assert kept.find("msg_1") == ANSWER
    assert kept.find("msg_3") is None


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_any_text_comes_back_as_it_was(kept: Store, text: str) -> None:
    name = str(uuid4())
    turn = {"role": "user", "content": text}
    answer = replace(ANSWER, message_id=name, question=text, answer=text, history=[turn])
    kept.remember(replace(answer, conversation_id=name, action="unknown"))
    assert kept.find(name) == replace(answer, conversation_id=name, action="unknown")
    assert kept.conversation(name) == [("user", text), ("assistant", text)]
    assert question_key(text) in [question_key(gap.question) for gap in kept.gaps(1_000)]


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
    kept.add_feedback("m0", "up", None)
    kept.add_feedback("m1", "up", None)
    assert kept.forget_conversation("a")
    assert not kept.forget_conversation("a")
    assert kept.conversation("a") == []
    assert kept.conversation("b") == [("user", "Two?"), ("assistant", "Three years.")]
    assert kept.find("m0") is None
    assert kept.find("msg_1")
    assert [said.answer.message_id for said in kept.feedback(9)] == ["m1"]


def test_of_a_very_long_conversation_the_last_turns_count(kept: Store) -> None:
    for number in range(103):
        kept.remember(
            replace(ANSWER, message_id=str(number), conversation_id="c", answer=str(number))
        )
    turns = kept.conversation("c")
    assert len(turns) == 200
    assert turns[1] == ("assistant", "3")
    assert turns[-1] == ("assistant", "102")


def test_what_is_too_old_is_neither_given_nor_kept(
    path: Path, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replace(ANSWER, asked_at=NOW - timedelta(days=31), conversation_id="c")
    with monkeypatch.context() as patient:
        patient.setattr(module, "_KEPT", timedelta(days=40))
        kept.remember(old)
        assert kept.conversation("c")
    assert kept.conversation("c") == []
    with pytest.raises(MessageUnknown):
        kept.add_feedback("msg_1", "up", None)
    kept.remember(replace(ANSWER, message_id="new"))
    assert rows(path, "SELECT message_id FROM answers") == [("new",)]


def test_what_something_was_said_of_is_kept_as_long_as_that(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ANSWERS", 1)
    with monkeypatch.context() as patient:
        patient.setattr(module, "_KEPT", timedelta(days=40))
        kept.remember(replace(ANSWER, asked_at=NOW - timedelta(days=31)))
        kept.add_feedback("msg_1", "down", "Wrong.")
    kept.remember(replace(ANSWER, message_id="new"))
    kept.add_feedback("msg_1", "up", None)
    assert [(said.rating, said.comment) for said in kept.feedback(9)] == [
        ("up", None),
        ("down", "Wrong."),
    ]
    assert kept.feedback(1, datetime.now(UTC) + HOUR) == []
    assert kept.find("msg_1")


def test_the_newest_are_kept_of_too_many(
    path: Path, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ANSWERS", 5)
    for number in range(12):
        kept.remember(replace(ANSWER, message_id=str(number)))
    names = rows(path, "SELECT message_id FROM answers ORDER BY number")
    assert names == [(str(number),) for number in range(7, 12)]


def test_unanswered_questions_are_counted_most_frequent_first(kept: Store) -> None:
    kept.remember(ANSWER)
    miss(kept, "How heavy is it?", NOW - 3 * HOUR)
    miss(kept, "Is it waterproof?", NOW)
    miss(kept, "  how HEAVY\tis it ?!", NOW - HOUR)
    miss(kept, "How heavy is it", NOW - 4 * HOUR)
    miss(kept, "Is it loud?", NOW - 2 * HOUR)
    heavy = Gap("How heavy is it?", 3, NOW - 4 * HOUR, NOW - HOUR)
    assert kept.gaps(20) == [
        heavy,
        Gap("Is it waterproof?", 1, NOW, NOW),
        Gap("Is it loud?", 1, NOW - 2 * HOUR, NOW - 2 * HOUR),
    ]
    assert kept.gaps(1) == [heavy]
    assert [gap.count for gap in kept.gaps(20, NOW - HOUR)] == [3, 1]
    assert kept.close_gap("how heavy is IT")
    assert not kept.close_gap("how heavy is IT")
    assert [gap.question for gap in kept.gaps(20)] == ["Is it waterproof?", "Is it loud?"]
    miss(kept, "How heavy is it, then?")
    miss(kept, "HOW HEAVY IS IT")
    assert ("HOW HEAVY IS IT", 1) in [(gap.question, gap.count) for gap in kept.gaps(20)]


def test_times_are_those_of_utc_whatever_zone_they_come_in(kept: Store) -> None:
    there = NOW.astimezone(datetime.fromisoformat("2026-03-01T00:30:00+09:00").tzinfo)
    miss(kept, "Why?", there)
    gap = kept.gaps(1)[0]
    assert gap.first == there
    assert gap.first.isoformat() == NOW.isoformat(timespec="microseconds")


@given(st.text())
@settings(deadline=None, max_examples=50)
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


@pytest.mark.parametrize("version", [1, 99])
def test_a_file_of_another_version_is_refused_and_left_alone(
    path: Path, kept: Store, version: int
) -> None:
    kept.remember(ANSWER)
    kept.close()
    rows(path, f"PRAGMA user_version = {version}")
    with pytest.raises(ConfigurationError, match=f"version {version};"):
        Store(path)
    assert rows(path, "SELECT message_id FROM answers") == [("msg_1",)]


def test_what_was_kept_before_there_were_tenants_is_nobodys(path: Path, kept: Store) -> None:
    kept.remember(replace(ANSWER, conversation_id="conv_1"))
    kept.close()
    rows(path, "ALTER TABLE answers DROP COLUMN tenant")
    rows(path, "PRAGMA user_version = 2")
    for _ in range(2):
        with closing(Store(path)) as store:
            assert store.conversation("conv_1") == [
                ("user", ANSWER.question),
                ("assistant", ANSWER.answer),
            ]
            assert store.conversation("conv_1", "shop") == []
            with pytest.raises(MessageUnknown):
                store.add_feedback("msg_1", "up", None, "shop")
            assert not store.forget_conversation("conv_1", "shop")
            assert store.add_feedback("msg_1", "up", None)
            store.remember(replace(ANSWER, message_id=str(uuid4()), tenant="shop"))


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
    openers = [program(OPENER, tmp_path) for _ in range(3)]
    for process in openers:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in openers:
        process.communicate(timeout=100)
        assert process.returncode == 0


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    writers = [program(WRITER, path, name, 50) for name in "abc"]
    for process in writers:
        process.communicate(timeout=100)
        assert process.returncode == 0
    assert rows(path, "SELECT count(*) FROM answers") == [(150,)]
    assert rows(path, "SELECT count(*) FROM feedback") == [(150,)]
    store = Store(path)
    assert [gap.count for gap in store.gaps(9)] == [150]
    store.close()


def test_what_was_written_outlives_a_killed_process(path: Path) -> None:
    process = program(WRITER, path, "life", 100_000)
    assert process.stdout
    names = [process.stdout.readline().strip() for _ in range(50)]
    process.kill()
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    names += [name for name in rest.split("\n")[:-1] if name]
    opened = Store(path)
    said = {each.answer.message_id for each in opened.feedback(100_000)}
    assert said.issuperset(names)
    opened.close()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_feedback_is_forced_to_the_disk_and_answers_are_not(kept: Store) -> None:
    traced: list[str] = []
    kept._db.set_trace_callback(traced.append)  # pyright: ignore[reportPrivateUsage]
    kept.remember(ANSWER)
    kept.add_feedback("msg_1", "up", None)
    forced = [line.rpartition(" ")[2] for line in traced if "synchronous" in line]
    assert forced == ["NORMAL", "FULL"]


def test_disagreements_go_when_they_are_old_or_many(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_DISAGREEMENTS", 2)
    said = Disagreement(NOW - timedelta(days=31), "tickets", ["urgency"], {"text": "x"}, {}, [1])
    kept.keep_disagreement(said)
    assert kept.disagreements(9) == []
    for hours in (3, 2, 1):
        kept.keep_disagreement(replace(said, at=NOW - timedelta(hours=hours)))
    newest, second = kept.disagreements(9)
    assert newest == replace(said, at=NOW - timedelta(hours=1))
    assert kept.disagreements(9, NOW - timedelta(hours=1.5)) == [newest]
    assert kept.disagreements(1) == [newest]
    assert second.at == NOW - timedelta(hours=2)


def test_a_store_of_before_takes_disagreements(path: Path, kept: Store) -> None:
    kept.remember(ANSWER)
    kept.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE disagreements")
    opened = Store(path)
    assert opened.find("msg_1") == ANSWER
    opened.keep_disagreement(Disagreement(NOW, "tickets", ["urgency"], {}, {}, {}))
    assert len(opened.disagreements(9)) == 1
    opened.close()


def test_threads_share_a_store(path: Path, kept: Store) -> None:
    def write(name: int) -> None:
        for number in range(30):
            kept.remember(replace(ANSWER, message_id=f"{name}-{number}"))
            assert kept.find(f"{name}-{number}")

    threads = [threading.Thread(target=write, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(path, "SELECT count(*) FROM answers") == [(120,)]


@pytest.fixture
def full_disk() -> Generator[None]:
    """No file grows over 128 KiB while this is in use."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (131_072, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_only_what_is_to_be_kept_fails(
    kept: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept.remember(ANSWER)
    large = replace(ANSWER, message_id="msg_2", answer="a" * 200_000)
    kept.remember(large)
    assert "msg_2 could not be kept" in caplog.text
    with pytest.raises(RecordUnwritten):
        kept.remember(replace(large, conversation_id="c"))
    with pytest.raises(RecordUnwritten):
        kept.add_feedback("msg_1", "down", "a" * 200_000)
    assert kept.find("msg_1") == ANSWER
    assert kept.find("msg_2") is None
    assert kept.feedback(9) == []
    kept.remember(replace(ANSWER, message_id="msg_3"))
    assert kept.find("msg_3")
