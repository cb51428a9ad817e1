"""Replies to requests with a key: given again, let go of in time, and held by one at a time."""

from collections.abc import Generator
from pathlib import Path

import pytest

from app.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from app.records import Hold, KeptReply, Replies, Store
from app.records import replies as module

DAY = 86_400.0
KEY, REQUEST = (b"tenant", b"key"), (b"/tickets", b"", b"{}")
REPLY = KeptReply(422, [(b"content-type", b"text/plain"), (b"x-odd", b"\xe9")], b"\x00\xff")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def replies(path: Path, clock: Clock) -> Generator[Replies]:
    store = Store(path)
    yield Replies(store, clock)
    store.close()


def held(replies: Replies, key: tuple[bytes, ...] = KEY) -> Hold:
    hold = replies.take(key, REQUEST)
    assert isinstance(hold, Hold)
    return hold


def test_a_reply_is_given_again_whole_for_a_day(replies: Replies, clock: Clock) -> None:
    replies.keep(held(replies), REPLY)
    clock.now += DAY - 1
    assert replies.take(KEY, REQUEST) == REPLY
    clock.now += 1
    held(replies)


def test_another_process_gives_it_as_well(replies: Replies, path: Path, clock: Clock) -> None:
    replies.keep(held(replies), REPLY)
    other = Store(path)
    assert Replies(other, clock).take(KEY, REQUEST) == REPLY
    other.close()


@pytest.mark.parametrize("key", [(b"tenant", b"key2"), (b"tenan", b"tkey"), (b"tenantkey",)])
def test_each_key_has_its_own(replies: Replies, key: tuple[bytes, ...]) -> None:
    replies.keep(held(replies), REPLY)
    held(replies, key)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_key_is_of_one_request(replies: Replies, is_kept: bool) -> None:
    hold = held(replies)
    if is_kept:
        replies.keep(hold, REPLY)
    with pytest.raises(IdempotencyKeyReused):
        replies.take(KEY, (b"/tickets", b"", b"[]"))


def test_a_key_is_held_until_there_is_a_reply_or_none_will_come(replies: Replies) -> None:
    hold = held(replies)
    with pytest.raises(IdempotencyKeyInUse) as raised:
        replies.take(KEY, REQUEST)
    assert raised.value.headers == {"Retry-After": "1"}
    replies.release(hold)
    replies.keep(held(replies), REPLY)
    replies.release(hold)
    assert replies.take(KEY, REQUEST) == REPLY


def test_a_hold_that_is_not_renewed_lapses(replies: Replies, clock: Clock) -> None:
    hold = held(replies)
    for _ in range(5):
        clock.now += 10
        replies.renew(hold)
    clock.now += 14
    with pytest.raises(IdempotencyKeyInUse):
        replies.take(KEY, REQUEST)
    clock.now += 1
    other = held(replies)
    replies.renew(hold)
    replies.release(hold)
    replies.keep(hold, REPLY)
    with pytest.raises(IdempotencyKeyInUse):
        replies.take(KEY, REQUEST)
    replies.keep(other, REPLY)
    replies.renew(other)
    clock.now += DAY - 1
    assert replies.take(KEY, REQUEST) == REPLY


def test_of_too_many_bytes_the_newest_are_kept(
    replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    for number in range(30):
        reply = KeptReply(200, [], bytes(1_000))
        replies.keep(held(replies, (b"", str(number).encode())), reply)
    kept = [
        isinstance(replies.take((b"", str(number).encode()), REQUEST), KeptReply)
        for number in range(30)
    ]
    assert kept == [False] * 23 + [True] * 7
