"""A bounded response cache in memory, what callers say of it, and what they are told.

The cache is cachetools' ``TTLCache``; requests are read as RFC 9111 says, outcomes reported in
``Cache-Status`` (RFC 9211).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from time import monotonic
from typing import Final

from cachetools import TTLCache
from pydantic_core import to_json

from app.gateway.prompt import Completion, Prompt

_MAX_AGE: Final = re.compile(r'max-age="?(\d{1,9})"?')
_ENTRY_OVERHEAD: Final = 500  # bytes, about, of an entry without its text


@dataclass(frozen=True, slots=True)
class CacheWishes:
    """A request's ``Cache-Control``.

    Attributes:
        may_read: a stored answer will do.
        may_store: the answer may be stored.
        max_age: how old, in seconds, a stored answer may be.
    """

    may_read: bool = True
    may_store: bool = True
    max_age: int | None = None


def read_cache_control(value: str) -> CacheWishes:
    """Read the header; what is unknown or malformed is ignored (RFC 9111, section 5.2)."""
    directives = [part.strip().lower() for part in value.split(",")]
    ages = [int(found[1]) for part in directives if (found := _MAX_AGE.fullmatch(part))]
    no_store = "no-store" in directives
    return CacheWishes(
        may_read=not no_store and "no-cache" not in directives,
        may_store=not no_store,
        max_age=min(ages, default=None),
    )


class CacheOutcome(StrEnum):
    """Where an answer came from, as the parameters that ``Cache-Status`` has for it."""

    HIT = "hit"
    COLLAPSED = "fwd=miss; collapsed"  # shared with an identical request that was under way
    STORED = "fwd=miss; stored"
    MISS = "fwd=miss"
    REQUEST = "fwd=request"  # the request asked for a fresh one
    BYPASS = "fwd=bypass"  # no cache, or none for this feature


_WORST_FIRST: Final = (
    CacheOutcome.BYPASS,
    CacheOutcome.REQUEST,
    CacheOutcome.MISS,
    CacheOutcome.STORED,
    CacheOutcome.COLLAPSED,
    CacheOutcome.HIT,
)


def cache_status(outcomes: Sequence[CacheOutcome]) -> str:
    """Value of ``Cache-Status`` for a response made of one or more calls: the worst of them."""
    return f"Groundwork; {next(outcome for outcome in _WORST_FIRST if outcome in outcomes)}"


def key_of(model: bytes, tenant: bytes, prompt: Prompt) -> bytes:
    """A digest of everything that can change the answer.

    Args:
        model: stands for the model and its parameters.
        tenant: whose answer it is.
        prompt: whose prefix stands for the feature, its version, instruction and examples.
    """
    turns = to_json(prompt.turns)
    digest = blake2b(model, digest_size=16)
    digest.update(prompt.prefix.digest)
    digest.update(len(tenant).to_bytes(4))
    digest.update(tenant)
    digest.update(turns)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class _Entry:
    completion: Completion
    stored_at: float


def _size(entry: _Entry) -> int:
    return _ENTRY_OVERHEAD + 2 * len(entry.completion.text)


class ResponseCache:
    """Completions by key, for a time, within a number of bytes."""

    def __init__(self, *, ttl: float, max_bytes: int) -> None:
        self._entries = TTLCache[bytes, _Entry](max_bytes, ttl, getsizeof=_size)

    def get(self, key: bytes, max_age: int | None = None) -> Completion | None:
        """The completion, if there is one that is not older than ``max_age`` seconds."""
        entry = self._entries.get(key)
        if entry is None or (max_age is not None and monotonic() - entry.stored_at > max_age):
            return None
        return entry.completion

    def put(self, key: bytes, completion: Completion) -> None:
        """Store a completion, if it is not larger than the whole cache."""
        entry = _Entry(completion, monotonic())
        if _size(entry) <= self._entries.maxsize:
            self._entries[key] = entry

    def forget(self, key: bytes) -> None:
        """Drop what turned out to be of no use."""
        self._entries.pop(key, None)
