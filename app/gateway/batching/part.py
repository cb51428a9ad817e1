"""Requests in a file, as a model server takes them: what is sent may be larger than the memory."""

from tempfile import SpooledTemporaryFile
from typing import IO, Final, Self, cast

from app.gateway.transport import Upload

_MOST_BYTES: Final = 50_000_000  # far below what servers take: little is lost with a connection
_IN_MEMORY: Final = 1_048_576


class Part:
    """The body of one submission. What is in its file nobody else can open, and goes with it."""

    def __init__(self, head: bytes, between: bytes, tail: bytes, content_type: str) -> None:
        """Begin with ``head``; lines stand ``between``; ``tail`` ends it."""
        file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 # closed with the part
        self._file = cast("IO[bytes]", file)
        self._size = self._file.write(head)
        self._between = between
        self._tail = tail
        self._content_type = content_type
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def takes(self, line: bytes, most: int) -> bool:
        """Whether there is room for another request, of ``most``."""
        return self._requests < most and self._size + len(line) <= _MOST_BYTES

    def add(self, line: bytes) -> None:
        """Put a request in."""
        self._size += self._file.write(self._between + line if self._requests else line)
        self._requests += 1

    def upload(self) -> Upload:
        """All of it, once nothing is put in any more."""
        self._size += self._file.write(self._tail)
        return Upload(self._file, self._size, self._content_type)
