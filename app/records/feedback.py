"""Takes down what people say of answers, durably, a line each."""

import errno
import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from app.errors import ConfigurationError
from app.records.store import Json

Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class FeedbackEntry:
    """What somebody said of an answer, with all that it takes to ask the question again.

    Attributes:
        id: its name.
        at: when it was said; aware.
        message_id: the answer it is about.
        rating: whether the answer was good.
        comment: what was written, if anything.
        question, history, passages, answer, citations, action, is_uncertain, model: the answer's,
            as in :class:`~app.records.store.GivenAnswer`.
    """

    id: str
    at: AwareDatetime
    message_id: str
    rating: Rating
    comment: str | None
    question: str
    history: Json
    passages: Json
    answer: str
    citations: Json
    action: str
    is_uncertain: bool
    model: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no entry.

    Attributes:
        reason: what is wrong with it.
    """

    reason: str


_ENTRY: Final = TypeAdapter(FeedbackEntry)


class FeedbackLog:
    """A JSON Lines file that several processes may append to at once.

    When it is full it is renamed to ``<name>-<UTC time>[-n].jsonl``, and a new one begins. Nothing
    is ever deleted or overwritten.
    """

    def __init__(self, path: Path, *, max_bytes: int = 10 * 1024 * 1024) -> None:
        """Make the file, for its owner alone, where there is none.

        Args:
            path: the file; its folder must be there.
            max_bytes: how large it may grow, unless a single entry is larger.

        Raises:
            ConfigurationError: it cannot be written.
        """
        self._path = path.resolve()
        self._max_bytes = max_bytes
        try:
            with self._held():
                pass
        except OSError as error:
            msg = f"GROUNDWORK_FEEDBACK: {path} cannot be written: {error.strerror}."
            raise ConfigurationError(msg) from error

    def append(self, entry: FeedbackEntry) -> None:
        """Add an entry; it is on the disk when this returns.

        Raises:
            OSError: it could not be written, and the file is as it was before.
        """
        line = _ENTRY.dump_json(entry) + b"\n"
        while True:
            with self._held() as descriptor:
                size = os.fstat(descriptor).st_size
                if size == 0 or size + len(line) <= self._max_bytes:
                    self._write(descriptor, size, line)
                    return
                self._rotate()

    def _write(self, descriptor: int, size: int, line: bytes) -> None:
        if size == 0:
            self._sync_folder()
        elif os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # a crash tore the last line
        try:
            _write_whole(descriptor, line)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise

    def _rotate(self) -> None:
        """Rename the file, which whoever waits for it finds out about by itself."""
        stamp = f"{self._path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        names = chain([stamp], (f"{stamp}-{number}" for number in count(2)))
        paths = (self._path.with_name(f"{name}{self._path.suffix}") for name in names)
        self._path.rename(next(path for path in paths if not path.exists()))

    @contextmanager
    def _held(self) -> Generator[int]:
        """The file that has the name now, locked against other processes and threads."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        while True:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if self._has_name(descriptor):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)

    def _has_name(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _sync_folder(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def read(path: Path) -> Iterator[tuple[int, FeedbackEntry | BadLine]]:
    """The entries of a file with the numbers of their lines, and what is wrong with other lines.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield number, _ENTRY.validate_json(line)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                yield number, BadLine(f"{where}: {first['msg']}" if where else first["msg"])
