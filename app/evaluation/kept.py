"""Replies of the service, kept in files, so that nothing is asked twice that cannot differ."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_json

from app.errors import ModelError

_MODEL_S_OWN: Final = {kind.code for kind in ModelError.__subclasses__()}


def is_model_s_own(problem: str) -> bool:
    """Whether a problem, by its code, is what the model makes of the request."""
    return problem in _MODEL_S_OWN


@dataclass(frozen=True, slots=True)
class Said:
    """What the service answered: a response's body, or a problem's code."""

    answer: dict[str, Any] | None
    problem: str | None = None
    detail: str = ""  # the problem's, in words
    repaired: bool = False  # whether the model had to be asked again
    seconds: float = 0  # from request to response
    first: float | None = None  # seconds to the first event, of a stream

    @property
    def lasts(self) -> bool:
        """Whether it is the model's, and not a server's that is down or slow today."""
        return self.problem is None or is_model_s_own(self.problem)


class Kept:
    """What a feature said, by question; in a JSON Lines file, a line as soon as it is said.

    A line that a break cut off is not read. Where the file cannot be written, nothing is kept.
    """

    def __init__(
        self, folder: Path | None, name: str, identity: str, *, fresh: bool = False
    ) -> None:
        """Read what is there, unless it is to be ``fresh``; without a folder, nothing is kept."""
        self._path = folder / f"{name}-{identity[:16]}.jsonl" if folder else None
        self._identity = identity
        self.said: dict[str, Said] = {}
        there = self._path.read_bytes() if self._path and self._path.exists() else b""
        self._torn = bool(there) and not there.endswith(b"\n")
        for line in () if fresh else there.splitlines():
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                fields = json.loads(line)
                key = fields.pop("key")
                self.said[key] = Said(**fields)

    def key(self, body: dict[str, Any], repeat: int, *, stream: bool = False) -> str:
        """Stands for a question, asked for the ``repeat``-th time, and all that can change an answer."""
        asked = [self._identity, json.dumps(body, sort_keys=True), repeat, *["stream"] * stream]
        return hashlib.sha256(to_json(asked)).hexdigest()

    def put(self, key: str, said: Said) -> None:
        """Keep what was said; in the file, if it would be said again."""
        self.said[key] = said
        if self._path is None or not said.lasts:
            return
        line = b"\n" * self._torn + to_json({"key": key, **asdict(said)}) + b"\n"
        self._torn = False
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab", buffering=0) as file:
                file.write(line)  # in one call, so that two processes do not mix theirs
        except OSError:
            self._path = None
