"""One call to the model server: encode, send, map what failed, decode."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.errors import (
    GroundworkError,
    InputTooLong,
    ModelOutputTruncated,
    ModelRefused,
    UpstreamError,
    UpstreamFailed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from app.gateway.dialects.dialect import Dialect, OutputMode
from app.gateway.dialects.sse import EventParser
from app.gateway.prompt import Chunk, Completion, Prompt, StopReason
from app.gateway.transport import Transport

_TOO_LONG = (b"context_length_exceeded", b"exceed_context_size", b"prompt is too long")
_NOTE_BYTES = 500
_END_SECONDS = 0.1


class Upstream:
    """The model server, spoken to in its dialect. Tries once; retries are the gateway's.

    Attributes:
        identity: stands for the server and for all parameters that are the same in every call.
    """

    def __init__(self, dialect: Dialect, transport: Transport, *, ping_path: str) -> None:
        self._dialect = dialect
        self.identity = f"{transport.base_url} {dialect.identity}"
        self._transport = transport
        self._ping_path = ping_path

    async def complete(self, prompt: Prompt, mode: OutputMode) -> Completion:
        """Ask and wait for the whole answer.

        Raises:
            UpstreamError: no usable response.
            ModelError: the answer was refused or cut off.
        """
        body = self._dialect.encode(prompt, mode, stream=False)
        reply = await self._transport.post(self._dialect.path, body)
        if reply.status != 200:
            raise failure_of(reply.status, reply.headers, reply.body)
        completion = self._dialect.decode(reply.body)
        _require_whole(completion)
        return completion

    async def stream(self, prompt: Prompt, mode: OutputMode) -> AsyncGenerator[Chunk]:
        """Ask and yield pieces of the answer as they come; the last chunk has the completion.

        Raises:
            UpstreamError: no usable response, or the stream broke or ended early.
            ModelError: the answer was refused or cut off.
        """
        body = self._dialect.encode(prompt, mode, stream=True)
        reader, parser = self._dialect.reader(), EventParser()
        async with self._transport.stream(self._dialect.path, body) as reply:
            if reply.status != 200:
                error = b"".join([piece async for piece in reply.pieces])
                raise failure_of(reply.status, reply.headers, error)
            if not reply.headers.get("content-type", "").startswith("text/event-stream"):
                msg = "The model server answered a streaming call with something else."
                raise UpstreamFailed(msg)
            async with aclosing(reply.pieces) as pieces:
                async for piece in pieces:
                    for data in parser.feed(piece):
                        if text := reader.feed(data):
                            yield Chunk(text)
                    if reader.completion:
                        break
                if reader.completion is None:
                    msg = "The model server ended its stream early."
                    raise UpstreamFailed(msg)
                _require_whole(reader.completion)
                yield Chunk("", reader.completion)
                await _read_to_the_end(pieces)

    async def ping(self) -> None:
        """Ask the server for something small; a path that it does not know is an answer, too.

        Raises:
            UpstreamError: it does not answer, is loading or down, or rejects the key.
        """
        reply = await self._transport.get(self._ping_path)
        if reply.status >= 400 and reply.status not in (404, 405):
            raise failure_of(reply.status, reply.headers, reply.body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


async def _read_to_the_end(pieces: AsyncIterator[bytes]) -> None:
    """Take what follows the last event, so that the connection can be used again."""
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_END_SECONDS):
            async for _ in pieces:
                pass


def _require_whole(completion: Completion) -> None:
    match completion.stop_reason:
        case StopReason.END | StopReason.STOP_SEQUENCE:
            return
        case StopReason.REFUSAL:
            raise ModelRefused("The model refused to answer this request.")
        case StopReason.MAX_TOKENS:
            raise ModelOutputTruncated("The model reached its limit of tokens before the end.")
        case StopReason.UNKNOWN:
            raise ModelOutputTruncated("The model stopped for a reason that is not an end.")


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> GroundworkError:
    """The error that a response with ``status`` stands for.

    The first part of ``body`` goes to the log with it, never to the caller.
    """
    note = f"HTTP {status}: " + body[:_NOTE_BYTES].decode(errors="replace")
    wait = retry_after(headers)
    if status == 429 and b"insufficient_quota" not in body:
        msg = "The model server limits the rate of calls."
        return UpstreamRateLimited(
            msg, retry_after=wait, upstream_note=note, upstream_status=status
        )
    passing = status in (408, 409, 503, 529)
    if passing or status >= 500:
        kind = UpstreamUnavailable if passing else UpstreamFailed
        msg = f"The model server answered with status {status}."
        return kind(msg, retry_after=wait, upstream_note=note, upstream_status=status)
    if status in (400, 413, 422) and any(hint in body for hint in _TOO_LONG):
        msg = "The input is longer than the model's context allows."
        return InputTooLong(msg, upstream_note=note, upstream_status=status)
    hint = {
        401: "it does not accept the key",
        403: "the key may not use this model",
        404: "it does not know the model or the path",
    }.get(status, f"status {status}")
    msg = f"The model server rejected the call: {hint}. The operator has to look at its settings."
    return UpstreamRejected(msg, upstream_note=note, upstream_status=status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the upstream asks to wait: ``retry-after-ms``, then ``Retry-After``.

    ``Retry-After`` may be seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
