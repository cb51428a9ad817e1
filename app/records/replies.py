"""Keeps what was replied to requests with an idempotency key, so that a repetition gets the same."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_hex
from typing import Final

from app.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from app.records.store import Store

Headers = Sequence[tuple[bytes, bytes]]

LARGEST: Final = 4_194_304  # bytes of a reply that is kept
_KEPT_SECONDS: Final = 86_400.0
_HELD_SECONDS: Final = 15.0  # a process that was killed lets go of its keys after that
_MOST_BYTES: Final = 268_435_456  # of all replies, about
_ROW_BYTES: Final = 512  # beside a body, about
_TAKE: Final = "INSERT INTO replies (key, request, holder, until) VALUES (?, ?, ?, ?)"
_FIND: Final = "SELECT request, status, headers, body FROM replies WHERE key = ?"
_HOLD: Final = "UPDATE replies SET until = ? WHERE key = ? AND holder = ? AND status IS NULL"
_BYTES: Final = "SELECT coalesce(max(bytes_so_far), 0) FROM replies WHERE bytes_so_far IS NOT NULL"
_KEEP: Final = """
UPDATE replies
SET until = ?, bytes_so_far = ?, status = ?, headers = ?, body = ?, conversation_id = ?
WHERE key = ? AND holder = ?
"""


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A response: its status, its headers, and the bytes of its body."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Hold:
    """The right, and the duty, to answer the first request with a key."""

    key: bytes
    holder: str


class Replies:
    """Replies in the store, each for 24 hours; when they are too many bytes, the oldest go first.

    While a request is answered, its key is held, and the hold has to be renewed: so a key whose
    process was killed is free again after seconds, whoever asks, on whatever machine.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        """Keep them in ``store``; ``clock`` is the same for all processes that share it."""
        self._store = store
        self._clock = clock

    def take(self, key: Sequence[bytes], request: Sequence[bytes]) -> Hold | KeptReply:
        """What was replied to the request with this key; or else the key is the caller's now.

        Raises:
            IdempotencyKeyReused: the key came with another request.
            IdempotencyKeyInUse: the request is still being answered.
            RecordUnwritten: the store cannot be written.
        """
        hold, asked = Hold(_digest(key), token_hex(8)), _digest(request)
        with self._store.writing() as db:
            db.execute("DELETE FROM replies WHERE until <= ?", (self._clock(),))
            found = db.execute(_FIND, (hold.key,)).fetchone()
            if found is None:
                until = self._clock() + _HELD_SECONDS
                db.execute(_TAKE, (hold.key, asked, hold.holder, until))
                return hold
        first, status, headers, body = found
        if first != asked:
            raise IdempotencyKeyReused("The Idempotency-Key came with another request before.")
        if status is None:
            msg = "The first request with this Idempotency-Key is still being answered."
            raise IdempotencyKeyInUse(msg, retry_after=1)
        return KeptReply(status, [_encoded(pair) for pair in json.loads(headers)], body)

    def renew(self, hold: Hold) -> None:
        """Hold a key for some more seconds."""
        with self._store.writing() as db:
            db.execute(_HOLD, (self._clock() + _HELD_SECONDS, hold.key, hold.holder))

    def keep(self, hold: Hold, reply: KeptReply, conversation_id: str | None = None) -> None:
        """Keep the reply to the request whose key is held, and let go of the oldest ones.

        It is forgotten with its conversation, if it has one.
        """
        headers = json.dumps([[part.decode("latin-1") for part in pair] for pair in reply.headers])
        until = self._clock() + _KEPT_SECONDS
        size = len(reply.body) + len(headers) + _ROW_BYTES
        with self._store.writing() as db:
            total: int = db.execute(_BYTES).fetchone()[0] + size
            row = (until, total, reply.status, headers, reply.body, conversation_id)
            db.execute(_KEEP, (*row, hold.key, hold.holder))
            db.execute("DELETE FROM replies WHERE bytes_so_far <= ?", (total - _MOST_BYTES,))

    def release(self, hold: Hold) -> None:
        """Let go of a key to whose request there is no reply that is worth keeping."""
        with self._store.writing() as db:
            db.execute(
                "DELETE FROM replies WHERE key = ? AND holder = ? AND status IS NULL",
                (hold.key, hold.holder),
            )


def _digest(parts: Sequence[bytes]) -> bytes:
    """Tells the same parts from others; secrets among them stay secret."""
    digest = blake2b(digest_size=32)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()


def _encoded(pair: Sequence[str]) -> tuple[bytes, bytes]:
    name, value = pair
    return name.encode("latin-1"), value.encode("latin-1")
