"""Keeps answers given, conversations and unanswered questions in an SQLite file."""

import fcntl
import os
import sqlite3
import threading
import unicodedata
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue, TypeAdapter
from pydantic_core import from_json

from app.errors import ConfigurationError

_VERSION: Final = 1
_BUSY_SECONDS: Final = 5.0
_PRUNED_AT_ONCE: Final = 100
_MOST_GAPS: Final = 10_000
_MOST_EXCHANGES: Final = 100  # of a conversation, which no model reads whole
_AROUND_A_QUESTION: Final = " \t.?!…;¿¡‽。？！；؟؛։۔।՞፧"
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    asked_at TEXT NOT NULL,
    conversation_id TEXT,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX answers_by_time ON answers (asked_at);
CREATE INDEX answers_by_conversation ON answers (conversation_id, number)
    WHERE conversation_id IS NOT NULL;
CREATE TABLE gaps (
    key TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_asked TEXT NOT NULL,
    last_asked TEXT NOT NULL,
    language TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX gaps_by_count ON gaps (count DESC, last_asked DESC);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_MISSED: Final = """
INSERT INTO gaps (key, question, count, first_asked, last_asked, language, reason)
VALUES (:key, :question, 1, :at, :at, :language, :reason)
ON CONFLICT (key) DO UPDATE SET
    count = count + 1,
    first_asked = min(first_asked, excluded.first_asked),
    last_asked = max(last_asked, excluded.last_asked),
    reason = excluded.reason
RETURNING count
"""
_RAREST: Final = """
DELETE FROM gaps WHERE key IN
    (SELECT key FROM gaps ORDER BY count DESC, last_asked DESC LIMIT -1 OFFSET ?)
"""

Json = Sequence[Mapping[str, JsonValue]]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer that was given, with what it rests on.

    Attributes:
        message_id: its name.
        asked_at: when it was asked for; aware.
        question: as it came.
        query: what was searched for.
        history: the conversation before it, oldest first; ``role`` and ``content`` each.
        passages: what was found, the best first; ``document_id``, ``title`` and ``text`` at least.
        answer: its text.
        citations: where its claims stand.
        action: what the caller was told to do.
        is_uncertain: whether the documents did not tell.
        model: the base model.
        conversation_id: the conversation it belongs to, if that is kept.
        language: the question's.
    """

    message_id: str
    asked_at: datetime
    question: str
    query: str
    history: Json
    passages: Json
    answer: str
    citations: Json
    action: str
    is_uncertain: bool
    model: str
    conversation_id: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that was not answered.

    Attributes:
        question: as it was first put.
        count: how often it was asked.
        first, last: when; aware, in UTC.
        language: the language it was first put in.
        reason: why it was not answered the last time.
    """

    question: str
    count: int
    first: datetime
    last: datetime
    language: str
    reason: str


_GIVEN: Final = TypeAdapter(GivenAnswer)


class Store:
    """An SQLite file that several processes and threads may use at once.

    What a method wrote before it returned outlives the process, however that ends. A power cut may
    take the last writes with it, but leaves the file whole (WAL with ``synchronous=NORMAL``).
    """

    def __init__(self, path: Path, *, keep_days: int = 30, most_answers: int = 100_000) -> None:
        """Open the file; make it, for its owner alone, where there is none.

        Args:
            path: the file; its folder must be there.
            keep_days: days that answers, and so conversations, are kept.
            most_answers: most answers that are kept.

        Raises:
            ConfigurationError: it cannot be written, is something else, or is of a newer version.
        """
        self._keep = timedelta(days=keep_days)
        self._most_answers = most_answers
        self._lock = threading.Lock()
        try:
            self._db = _opened(path)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"The store {path} cannot be opened: {error}.") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def remember(self, answer: GivenAnswer) -> None:
        """Keep an answer; some of those that are too old, or too many, are let go of.

        Raises:
            sqlite3.Error: it could not be written.
        """
        content = _GIVEN.dump_json(answer).decode()
        row = (answer.message_id, _iso(answer.asked_at), answer.conversation_id, content)
        with self._writing() as db:
            newest = db.execute(
                "INSERT INTO answers (message_id, asked_at, conversation_id, content)"
                " VALUES (?, ?, ?, ?)",
                row,
            ).lastrowid
            db.execute(
                "DELETE FROM answers WHERE number IN"
                " (SELECT number FROM answers WHERE asked_at < ? ORDER BY asked_at LIMIT ?)",
                (self._oldest(), _PRUNED_AT_ONCE),
            )
            db.execute(
                "DELETE FROM answers WHERE number IN"
                " (SELECT number FROM answers WHERE number <= ? ORDER BY number LIMIT ?)",
                ((newest or 0) - self._most_answers, _PRUNED_AT_ONCE),
            )

    def find(self, message_id: str) -> GivenAnswer | None:
        """The answer of that name, unless it is too long ago."""
        with self._lock:
            row = self._db.execute(
                "SELECT content FROM answers WHERE message_id = ? AND asked_at >= ?",
                (message_id, self._oldest()),
            ).fetchone()
        return _GIVEN.validate_json(row[0]) if row else None

    def conversation(self, conversation_id: str) -> list[tuple[Role, str]] | None:
        """The last turns of a conversation, oldest first; None if there is no such one."""
        with self._lock:
            rows = self._db.execute(
                "SELECT content -> '$.question', content -> '$.answer' FROM answers"
                " WHERE conversation_id = ? AND asked_at >= ? ORDER BY number DESC LIMIT ?",
                (conversation_id, self._oldest(), _MOST_EXCHANGES),
            ).fetchall()
        turns: list[tuple[Role, str]] = []
        for row in reversed(rows):
            question, answer = map(from_json, row)  # SQLite's ->> ends a text at a NUL
            turns.extend((("user", question), ("assistant", answer)))
        return turns or None

    def forget_conversation(self, conversation_id: str) -> bool:
        """Delete a conversation's answers; whether there were any."""
        with self._writing() as db:
            deleted = db.execute(
                "DELETE FROM answers WHERE conversation_id = ?", (conversation_id,)
            )
            return deleted.rowcount > 0

    def missed(self, question: str, language: str, reason: str, at: datetime) -> None:
        """Count a question that was not answered.

        Of very many different ones, those that were asked least are let go of.

        Raises:
            sqlite3.Error: it could not be written.
        """
        row = {"key": question_key(question), "question": question, "at": _iso(at)}
        with self._writing() as db:
            count = db.execute(_MISSED, {**row, "language": language, "reason": reason}).fetchone()
            if count == (1,):
                db.execute(_RAREST, (_MOST_GAPS,))

    def gaps(self, limit: int, since: datetime | None = None) -> list[Gap]:
        """Questions that were not answered, most frequent first, then the last asked first.

        Args:
            limit: most questions.
            since: leave out those that were not asked after it.
        """
        with self._lock:
            rows = self._db.execute(
                "SELECT question, count, first_asked, last_asked, language, reason FROM gaps"
                " WHERE last_asked >= ? ORDER BY count DESC, last_asked DESC LIMIT ?",
                (_iso(since) if since else "", limit),
            ).fetchall()
        return [
            Gap(question, count, datetime.fromisoformat(first), datetime.fromisoformat(last), *rest)
            for question, count, first, last, *rest in rows
        ]

    def close_gap(self, question: str) -> bool:
        """Stop counting a question, in any wording that counts as the same; whether it was."""
        with self._writing() as db:
            deleted = db.execute("DELETE FROM gaps WHERE key = ?", (question_key(question),))
            return deleted.rowcount > 0

    def _oldest(self) -> str:
        return _iso(datetime.now(UTC) - self._keep)

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """A transaction that waits for its turn at the start, where SQLite can wait."""
        with self._lock, self._db as db:
            db.execute("BEGIN IMMEDIATE")
            yield db


def question_key(question: str) -> str:
    """What makes two questions the same: their letters, accents and digits, in any case.

    Spacing and the marks around a question do not count (Unicode 17, D145: canonical caseless
    matching).
    """
    folded = unicodedata.normalize("NFD", question).casefold()
    words = unicodedata.normalize("NFC", folded).split()
    return " ".join(words).strip(_AROUND_A_QUESTION)


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")  # sorts as text


def _opened(path: Path) -> sqlite3.Connection:
    # SQLite does not wait when two processes make a file a WAL file: they do so in turns.
    with _held(path.parent):
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        db = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        msg = f"The store {path} is of version {version}; this program knows {_VERSION}."
        raise ConfigurationError(msg)
    if version == 0:
        if db.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise ConfigurationError(f"{path} is a database of something else.")
        db.executescript(_SCHEMA)
    # Takes the write lock, so that a file that can only be read is found out now.
    db.execute("BEGIN IMMEDIATE")
    db.execute("COMMIT")


@contextmanager
def _held(folder: Path) -> Generator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
