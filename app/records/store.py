"""Keeps answers given and what is said of them: conversations, feedback, unanswered questions."""

import fcntl
import logging
import os
import sqlite3
import threading
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from app.errors import ConfigurationError, MessageUnknown, RecordUnwritten
from app.records.values import Disagreement, Feedback, Gap, GivenAnswer, Rating, Role

log = logging.getLogger(__name__)

_VERSION: Final = 3
_BUSY_SECONDS: Final = 5.0
_MOST_EXCHANGES: Final = 100  # of a conversation, which no model reads whole
_KEPT: Final = timedelta(days=30)  # of answers of which nothing is said
_MOST_ANSWERS: Final = 100_000  # of those, about
_MOST_DISAGREEMENTS: Final = 10_000  # about
_AROUND_A_QUESTION: Final = " \t.?!…;¿¡‽。？！；؟؛։۔।՞፧"
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    asked_at TEXT NOT NULL,
    conversation_id TEXT,
    gap TEXT,
    content TEXT NOT NULL,
    tenant TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_time ON answers (asked_at);
CREATE INDEX IF NOT EXISTS answers_by_conversation ON answers (conversation_id, number)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS answers_by_gap ON answers (gap, asked_at) WHERE gap IS NOT NULL;
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES answers (message_id) ON DELETE CASCADE,
    said_at TEXT NOT NULL,
    rating TEXT NOT NULL,
    comment TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS feedback_by_answer ON feedback (message_id);
CREATE TABLE IF NOT EXISTS disagreements (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS disagreements_by_time ON disagreements (at);
CREATE TABLE IF NOT EXISTS replies (
    key BLOB PRIMARY KEY,
    request BLOB NOT NULL,
    holder TEXT NOT NULL,
    until REAL NOT NULL,
    bytes_so_far INTEGER,
    status INTEGER,
    headers TEXT,
    body BLOB,
    conversation_id TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS replies_by_time ON replies (until);
CREATE INDEX IF NOT EXISTS replies_by_bytes ON replies (bytes_so_far)
    WHERE bytes_so_far IS NOT NULL;
CREATE INDEX IF NOT EXISTS replies_by_conversation ON replies (conversation_id)
    WHERE conversation_id IS NOT NULL;
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_FROM_VERSION_2: Final = """
BEGIN IMMEDIATE;
ALTER TABLE answers ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
COMMIT;
"""
_KEEP: Final = """
INSERT INTO answers (message_id, asked_at, conversation_id, gap, content, tenant)
VALUES (?, ?, ?, ?, ?, ?)
"""
_PRUNE: Final = """
DELETE FROM answers WHERE (asked_at < ? OR number <= ?)
    AND message_id NOT IN (SELECT message_id FROM feedback)
"""
_TURNS: Final = """
SELECT content -> '$.question', content -> '$.answer' FROM answers
WHERE conversation_id = ? AND tenant = ? AND asked_at >= ? ORDER BY number DESC LIMIT ?
"""
_FORGET: Final = "DELETE FROM answers WHERE conversation_id = ? AND tenant = ?"
_SAY: Final = """
INSERT INTO feedback (id, message_id, said_at, rating, comment)
SELECT ?, message_id, ?, ?, ? FROM answers WHERE message_id = ? AND tenant = ?
    AND (asked_at >= ? OR message_id IN (SELECT message_id FROM feedback))
"""
_SAID: Final = """
SELECT id, said_at, rating, comment, content FROM feedback JOIN answers USING (message_id)
WHERE said_at >= ? ORDER BY said_at DESC LIMIT ?
"""
_GAPS: Final = """
SELECT content -> '$.question', times, first, last FROM answers JOIN (
    SELECT min(number) AS number, count(*) AS times, min(asked_at) AS first, max(asked_at) AS last
    FROM answers WHERE gap IS NOT NULL GROUP BY gap
) USING (number) WHERE last >= ? ORDER BY times DESC, last DESC LIMIT ?
"""
_KEEP_DISAGREEMENT: Final = "INSERT INTO disagreements (at, content) VALUES (?, ?)"
_PRUNE_DISAGREEMENTS: Final = "DELETE FROM disagreements WHERE at < ? OR number <= ?"
_DISAGREEMENTS: Final = """
SELECT content FROM disagreements WHERE at >= ? ORDER BY at DESC LIMIT ?
"""

_GIVEN: Final = TypeAdapter(GivenAnswer)
_DISAGREED: Final = TypeAdapter(Disagreement)


class Store:
    """An SQLite file that several processes and threads may use at once.

    What a method wrote before it returned outlives the process, however that ends. A power cut may
    take the last answers with it, but no feedback, and leaves the file whole (WAL).
    """

    def __init__(self, path: Path) -> None:
        """Open the file; make it, for its owner alone, where there is none but its folder.

        Raises:
            ConfigurationError: it cannot be written, is something else, or is of another version.
        """
        self._lock = threading.Lock()
        try:
            with _alone_in(path.parent):
                path.touch(0o600)
                self._db = sqlite3.connect(
                    path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
                )
                try:
                    self._prepare(path)
                except BaseException:
                    self._db.close()
                    raise
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"The store {path} cannot be opened: {error}.") from error

    def _prepare(self, path: Path) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 2:  # kept before there were tenants
            self._db.executescript(_FROM_VERSION_2)
        elif version != _VERSION and self._db.execute("SELECT 1 FROM sqlite_schema").fetchone():
            msg = f"{path} is something else, or a store of version {version}; this program "
            raise ConfigurationError(f"{msg}knows {_VERSION}.")
        self._db.executescript(_SCHEMA)  # fails now where the file can only be read

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def remember(self, answer: GivenAnswer) -> None:
        """Keep an answer, and let go of those that are too old or too many.

        Raises:
            RecordUnwritten: it could not be, and belongs to a conversation that is to be kept.
        """
        gap = question_key(answer.question) if answer.action == "unknown" else None
        named = (answer.message_id, _iso(answer.asked_at), answer.conversation_id)
        row = (*named, gap, _GIVEN.dump_json(answer).decode(), answer.tenant)
        try:
            with self.writing() as db:
                newest = db.execute(_KEEP, row).lastrowid or 0
                db.execute(_PRUNE, (_oldest(), newest - _MOST_ANSWERS))
        except RecordUnwritten:
            if answer.conversation_id:
                raise
            log.exception("The answer %s could not be kept.", answer.message_id)

    def find(self, message_id: str) -> GivenAnswer | None:
        """The answer of that name, if it is kept."""
        rows = self._read("SELECT content FROM answers WHERE message_id = ?", message_id)
        return _GIVEN.validate_json(rows[0][0]) if rows else None

    def conversation(self, conversation_id: str, tenant: str = "") -> list[tuple[Role, str]]:
        """The last turns of a tenant's conversation, oldest first; none if there is no such one."""
        turns: list[tuple[Role, str]] = []
        rows = self._read(_TURNS, conversation_id, tenant, _oldest(), _MOST_EXCHANGES)
        for row in reversed(rows):
            question, answer = map(from_json, row)  # SQLite's ->> ends a text at a NUL
            turns.extend((("user", question), ("assistant", answer)))
        return turns

    def forget_conversation(self, conversation_id: str, tenant: str = "") -> bool:
        """Delete a tenant's conversation, and what was said of it; whether there was any."""
        with self.writing() as db:
            gone = db.execute(_FORGET, (conversation_id, tenant))
            if gone.rowcount:
                db.execute("DELETE FROM replies WHERE conversation_id = ?", (conversation_id,))
            return gone.rowcount > 0

    def add_feedback(
        self, message_id: str, rating: Rating, comment: str | None, tenant: str = ""
    ) -> str:
        """Take down what a tenant says of an answer of its own, on the disk; its name.

        Raises:
            MessageUnknown: there is no such answer, or it is too long ago.
            RecordUnwritten: it could not be written.
        """
        name, now = f"fb_{token_hex(16)}", _iso(datetime.now(UTC))
        row = (name, now, rating, comment, message_id, tenant, _oldest())
        if not self._change(_SAY, *row, durably=True):
            raise MessageUnknown(f"There is no answer {message_id}, or it is too long ago.")
        return name

    def feedback(self, limit: int, since: datetime | None = None) -> list[Feedback]:
        """What was said, the newest first, since a time or ever."""
        return [
            Feedback(name, datetime.fromisoformat(at), rating, comment, _GIVEN.validate_json(given))
            for name, at, rating, comment, given in self._read(_SAID, _iso(since), limit)
        ]

    def gaps(self, limit: int, since: datetime | None = None) -> list[Gap]:
        """Unanswered questions, asked since a time or ever; most frequent, then newest, first."""
        return [
            Gap(from_json(question), times, *map(datetime.fromisoformat, (first, last)))
            for question, times, first, last in self._read(_GAPS, _iso(since), limit)
        ]

    def close_gap(self, question: str) -> bool:
        """Stop counting a question, in any wording that counts as the same; whether it was."""
        return self._change("UPDATE answers SET gap = NULL WHERE gap = ?", question_key(question))

    def keep_disagreement(self, disagreement: Disagreement) -> None:
        """Keep what two models answered differently; ``RecordUnwritten`` if it could not be."""
        row = (_iso(disagreement.at), _DISAGREED.dump_json(disagreement).decode())
        with self.writing() as db:
            newest = db.execute(_KEEP_DISAGREEMENT, row).lastrowid or 0
            db.execute(_PRUNE_DISAGREEMENTS, (_oldest(), newest - _MOST_DISAGREEMENTS))

    def disagreements(self, limit: int, since: datetime | None = None) -> list[Disagreement]:
        """What two models answered differently, the newest first, since a time or ever."""
        rows = self._read(_DISAGREEMENTS, _iso(since), limit)
        return [_DISAGREED.validate_json(content) for (content,) in rows]

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _change(self, statement: str, *values: object, durably: bool = False) -> bool:
        with self.writing(durably=durably) as db:
            return db.execute(statement, values).rowcount > 0

    @contextmanager
    def writing(self, *, durably: bool = False) -> Generator[sqlite3.Connection]:
        """A transaction that waits for its turn at the start; ``RecordUnwritten`` if it failed."""
        try:
            with self._lock, self._db as db:
                db.execute(f"PRAGMA synchronous = {'FULL' if durably else 'NORMAL'}")
                db.execute("BEGIN IMMEDIATE")
                yield db
        except sqlite3.Error as error:
            raise RecordUnwritten("It could not be kept.", upstream_note=str(error)) from error


def question_key(question: str) -> str:
    """What makes two questions the same: their letters, accents and digits, in any case.

    Spacing and the marks around a question do not count (Unicode 17, D145: canonical caseless
    matching).
    """
    folded = unicodedata.normalize("NFD", question).casefold()
    words = unicodedata.normalize("NFC", folded).split()
    return " ".join(words).strip(_AROUND_A_QUESTION)


def _oldest() -> str:
    return _iso(datetime.now(UTC) - _KEPT)


def _iso(when: datetime | None) -> str:
    """A time as a text that sorts; before all where there is none."""
    return when.astimezone(UTC).isoformat(timespec="microseconds") if when else ""


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """SQLite does not wait when two processes make a file a WAL file: they do so in turns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
