"""The hostile upstream does what it is told to, behaviour by behaviour, to a plain client."""

import time
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp
import pytest
from pydantic_core import from_json

from tests.hostile.behaviours import (
    MEGABYTE,
    NOT_A_TICKET,
    Behaviour,
    Drip,
    EmptyChoices,
    Endless,
    Garbage,
    Good,
    Huge,
    JsonToStream,
    NotATicket,
    ResetBeforeAnswer,
    ResetMidBody,
    RetryAfter,
    Silence,
    Status,
    StreamError,
    StreamReset,
    TruncatedBody,
    TruncatedStream,
    WrongType,
)
from tests.hostile.calls import good_text
from tests.hostile.client import Got, client_of
from tests.hostile.scripts import always
from tests.hostile.upstream import CallRecord, hostile_upstream
from tests.hostile.voices import NOTE, Dialect

pytestmark = pytest.mark.parametrize("dialect", ["openai", "anthropic"])

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


async def treated(
    behaviour: Behaviour, dialect: Dialect, *, stream: bool = False, most: int = 1_000_000
) -> tuple[Got, CallRecord]:
    """What a client gets, and the record of its call."""
    async with hostile_upstream(always(behaviour)) as upstream, client_of(upstream) as client:
        got = await client.ask(stream=stream, dialect=dialect, most=most)
        assert not upstream.complaints
        (record,) = upstream.calls
        assert record.call.stream is stream
        assert record.call.dialect == dialect
        assert record.behaviour is behaviour
        return got, record


def assert_good(got: Got, record: CallRecord) -> None:
    assert got.status == 200
    assert got.broke is None
    assert got.text == good_text("[m-7]")
    assert not record.call.stream or got.terminated
    assert record.finished
    assert record.client_left is None


@BOTH
async def test_good(dialect: Dialect, *, stream: bool) -> None:
    assert_good(*await treated(Good(), dialect, stream=stream))


@BOTH
async def test_good_with_a_text_of_its_own(dialect: Dialect, *, stream: bool) -> None:
    text = 'Schöne "Grüße"\n\\ 🎉 and something longer than one delta has'
    got, _ = await treated(Good(text), dialect, stream=stream)
    assert got.text == text


async def test_good_with_gaps(dialect: Dialect) -> None:
    assert_good(*await treated(Good(gap=0.001), dialect, stream=True))


@pytest.mark.parametrize("status", [429, 500, 503, 529])
@BOTH
async def test_status(dialect: Dialect, status: int, *, stream: bool) -> None:
    got, record = await treated(Status(status), dialect, stream=stream)
    assert got.status == status
    assert from_json(got.body)["error"]["message"] == NOTE
    assert not {"retry-after", "retry-after-ms"} & got.headers.keys()
    assert record.finished


@pytest.mark.parametrize(
    ("hint", "header", "value"),
    [
        (RetryAfter(7), "retry-after", "7"),
        (RetryAfter(0.5), "retry-after", "0.5"),
        (RetryAfter(0.0625, "milliseconds"), "retry-after-ms", "62.5"),
    ],
)
async def test_retry_after(dialect: Dialect, hint: RetryAfter, header: str, value: str) -> None:
    got, _ = await treated(Status(429, hint, (("x-mine", "1"),)), dialect)
    assert got.headers[header] == value
    assert got.headers["x-mine"] == "1"


async def test_retry_after_as_a_date(dialect: Dialect) -> None:
    got, _ = await treated(Status(503, RetryAfter(2, "date")), dialect)
    assert got.headers["retry-after"].endswith(" GMT")
    moment = parsedate_to_datetime(got.headers["retry-after"])
    assert 1.5 <= moment.timestamp() - time.time() <= 3


@BOTH
async def test_reset_before_the_answer(dialect: Dialect, *, stream: bool) -> None:
    del dialect
    script = always(ResetBeforeAnswer())
    async with hostile_upstream(script) as upstream, client_of(upstream) as client:
        error = await client.refused(stream=stream)
        assert isinstance(error, aiohttp.ClientOSError)
        assert isinstance(error, ConnectionResetError) or error.errno == 104
        (record,) = upstream.calls
        assert not record.finished
        assert record.client_left is None
        assert upstream.open_connections == 0


async def test_reset_mid_body(dialect: Dialect) -> None:
    got, record = await treated(ResetMidBody(), dialect)
    assert got.status == 200
    assert got.body
    assert "reset" in repr(got.broke).lower()
    assert not record.finished


async def test_truncated_body(dialect: Dialect) -> None:
    got, record = await treated(TruncatedBody(), dialect)
    assert 0 < len(got.body) < int(got.headers["content-length"])
    assert isinstance(got.broke, aiohttp.ClientPayloadError)
    assert not record.finished


@BOTH
async def test_drip(dialect: Dialect, *, stream: bool) -> None:
    got, record = await treated(Drip(gap=0), dialect, stream=stream)
    assert_good(got, record)


@BOTH
async def test_drip_is_slow(dialect: Dialect, *, stream: bool) -> None:
    got, record = await treated(Drip(gap=0.005), dialect, stream=stream, most=20)
    assert 20 < len(got.body) < 40
    assert not record.finished


@BOTH
async def test_garbage(dialect: Dialect, *, stream: bool) -> None:
    got, _ = await treated(Garbage(), dialect, stream=stream)
    assert got.status == 200
    assert got.headers["content-type"] == ("text/event-stream" if stream else "application/json")
    with pytest.raises(ValueError, match="line 1"):
        _ = got.events if stream else got.text


@BOTH
async def test_wrong_type(dialect: Dialect, *, stream: bool) -> None:
    got, _ = await treated(WrongType(), dialect, stream=stream)
    assert (got.status, got.headers["content-type"]) == (200, "text/html")
    assert got.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("how", ["close", "last chunk", "cut"])
async def test_truncated_stream(
    dialect: Dialect, how: Literal["close", "last chunk", "cut"]
) -> None:
    got, record = await treated(TruncatedStream(3, how), dialect, stream=True)
    assert len(got.text) == 3 * 16
    assert not got.terminated
    assert (got.broke is not None) == (how == "cut")
    assert not record.finished
    assert record.client_left is None


async def test_error_in_a_stream(dialect: Dialect) -> None:
    got, record = await treated(StreamError(2), dialect, stream=True)
    *others, last = got.events
    assert len([event for event in others if event.get("delta") or event.get("choices")]) >= 2
    assert last["error"]["message"] == NOTE
    assert got.broke is None
    assert not record.finished


@pytest.mark.parametrize("deltas", [0, 4])
async def test_stream_reset(dialect: Dialect, deltas: int) -> None:
    got, record = await treated(StreamReset(deltas), dialect, stream=True)
    assert len(got.text) == deltas * 16
    assert "reset" in repr(got.broke).lower()
    assert not record.finished


@BOTH
async def test_endless(dialect: Dialect, *, stream: bool) -> None:
    got, record = await treated(Endless(gap=0), dialect, stream=stream, most=3000)
    assert "on and on" in got.body.decode() if stream else not got.body.strip()
    assert not record.finished


async def test_endless_has_a_bound(dialect: Dialect) -> None:
    got, record = await treated(Endless(gap=0.01, bound=0.05), dialect, stream=True)
    assert got.broke
    assert not record.finished


async def test_silence(dialect: Dialect) -> None:
    got, record = await treated(Silence(gap=0), dialect, stream=True, most=500)
    assert b"ping" in got.body
    assert not got.text
    assert not record.finished


@BOTH
async def test_not_a_ticket(dialect: Dialect, *, stream: bool) -> None:
    got, record = await treated(NotATicket(), dialect, stream=stream)
    assert got.text == NOT_A_TICKET
    assert record.finished


@BOTH
async def test_huge(dialect: Dialect, *, stream: bool) -> None:
    assert Huge().size == 50 * MEGABYTE
    got, record = await treated(Huge(5 * MEGABYTE), dialect, stream=stream, most=9 * MEGABYTE)
    assert 5 * MEGABYTE < len(got.body) < 5.1 * MEGABYTE
    assert len(got.text) == 5 * MEGABYTE
    assert record.finished


async def test_huge_event(dialect: Dialect) -> None:
    behaviour = Huge(3 * MEGABYTE, one_event=True)
    got, _ = await treated(behaviour, dialect, stream=True, most=5 * MEGABYTE)
    assert len(got.text) == 3 * MEGABYTE
    assert max(map(len, got.body.splitlines())) > 3 * MEGABYTE


async def test_json_to_a_stream(dialect: Dialect) -> None:
    got, record = await treated(JsonToStream(), dialect, stream=True)
    assert got.headers["content-type"] == "application/json"
    assert got.text == good_text("[m-7]")
    assert record.finished


@BOTH
async def test_empty_choices(dialect: Dialect, *, stream: bool) -> None:
    got, record = await treated(EmptyChoices(), dialect, stream=stream)
    if stream:
        assert got.text == ""
        assert got.terminated
    else:
        assert from_json(got.body)["choices" if dialect == "openai" else "content"] == []
    assert record.finished
