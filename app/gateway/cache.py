"""A bounded response cache in memory: cachetools' ``TTLCache``, and what its keys are made of."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from cachetools import TTLCache
from pydantic_core import to_json

from app.gateway.call import Clock
from app.gateway.prompt import Completion, Prompt

_ENTRY_OVERHEAD: Final = 500  # bytes, about, of an entry without its text
_TOKEN_SIZE: Final = 250  # of a token, and of an alternative to it


def key_of(tenant: bytes, prompt: Prompt) -> bytes:
    """A digest of everything that can change the answer, and of whose answer it is."""
    data = (prompt.prefix.key, len(tenant).to_bytes(4), tenant, to_json(prompt.turns))
    return blake2b(b"".join(data), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Entry:
    completion: Completion
    stored_at: float


def _size(entry: _Entry) -> int:
    completion = entry.completion
    told = sum(1 + len(token.alternatives) for token in completion.tokens)
    return _ENTRY_OVERHEAD + 2 * len(completion.text) + _TOKEN_SIZE * told


class ResponseCache:
    """Completions by key, for ``ttl`` seconds, within ``max_bytes``."""

    def __init__(self, ttl: float, max_bytes: int, clock: Clock) -> None:
        self._clock = clock
        self._entries = TTLCache[bytes, _Entry](max_bytes, ttl, timer=clock, getsizeof=_size)

    def get(self, key: bytes, max_age: int | None = None) -> Completion | None:
        """The completion, if there is one that is not older than ``max_age`` seconds."""
        entry = self._entries.get(key)
        if entry is None or (max_age is not None and self._clock() - entry.stored_at > max_age):
            return None
        return entry.completion

    def put(self, key: bytes, completion: Completion) -> None:
        """Store a completion, if it is not larger than the whole cache."""
        entry = _Entry(completion, self._clock())
        if _size(entry) <= self._entries.maxsize:
            self._entries[key] = entry

    def forget(self, key: bytes) -> None:
        """Drop what turned out to be of no use."""
        self._entries.pop(key, None)
