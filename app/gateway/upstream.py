"""One call to the model server: encode, send, map what failed, decode."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final, cast

from pydantic_core import from_json

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
from app.gateway.call import Clock
from app.gateway.dialects.dialect import Dialect, Reader, Way, names_of
from app.gateway.dialects.sse import EventParser
from app.gateway.prompt import Chunk, Completion, Prompt, StopReason, Usage
from app.gateway.transport import Transport, body_of, pieces_of

_TOO_LONG: Final = (b"context_length_exceeded", b"exceed_context_size", b"prompt is too long")
_REASONS: Final = {
    401: "it does not accept the key",
    403: "the key may not use this model",
    404: "it does not know the model or the path",
}
_END_SECONDS: Final = 0.1
_PING_SECONDS: Final = 5.0
_GOOD_LASTS_SECONDS: Final = 5.0
_BAD_LASTS_SECONDS: Final = 0.2  # callers that poll a starting server want to know soon


class Upstream:
    """The model server, spoken to in its dialect. Tries once; retries are the gateway's.

    Attributes:
        dialect, transport: what it is spoken to in, and over.
    """

    def __init__(
        self, dialect: Dialect, transport: Transport, *, ping_path: str, clock: Clock = monotonic
    ) -> None:
        self.dialect = dialect
        self.transport = transport
        self._ping_path = ping_path
        self._clock = clock
        self._lock = asyncio.Lock()
        self._problem: str | None = None
        self._problem_lasts = float("-inf")

    async def ask(
        self,
        prompt: Prompt,
        way: Way,
        *,
        stream: bool,
        told: Callable[[Usage], None] | None = None,
    ) -> AsyncGenerator[Chunk]:
        """Ask, and yield pieces of the answer as they come; the last chunk has the completion.

        Asked for a whole answer, the server gives that one chunk. ``told`` is told what it took, of
        an answer that was refused or cut off, too.

        Raises:
            UpstreamError: no usable response, or a stream that broke or ended early.
            ModelError: the answer was refused or cut off.
        """
        body = self.dialect.encode(prompt, *way, stream=stream)
        reader = self.dialect.reader(prompt.prefix)
        async with aclosing(await self.transport.send("POST", self.dialect.path, body)) as reply:
            if reply.status_code != 200:
                raise failure_of(reply.status_code, reply.headers, await body_of(reply))
            if not stream:
                completion = reader.read(await body_of(reply))
                if told:
                    told(completion.usage)
                _require_whole(completion, prompt.prefix.max_tokens)
                yield Chunk("", completion)
                return
            if not reply.headers.get("content-type", "").startswith("text/event-stream"):
                msg = "The model server answered a streaming call with something else."
                raise UpstreamFailed(msg)
            parser = EventParser()
            async with aclosing(pieces_of(reply)) as pieces:
                async for piece in pieces:
                    for chunk in _joined(reader, parser.feed(piece)):
                        yield chunk
                    if reader.completion:
                        break
                if reader.completion is None:
                    raise UpstreamFailed("The model server ended its stream early.")
                if told:
                    told(reader.completion.usage)
                _require_whole(reader.completion, prompt.prefix.max_tokens)
                yield Chunk("", reader.completion)
                await _read_to_the_end(pieces)

    def read(self, prompt: Prompt, status: int, body: bytes) -> Completion:
        """What the server says by a whole answer, or by a failure; raises as :meth:`ask` does."""
        if status != 200:
            raise failure_of(status, {}, body)
        completion = self.dialect.reader(prompt.prefix).read(body)
        _require_whole(completion, prompt.prefix.max_tokens)
        return completion

    async def problem(self) -> str | None:
        """Why the server cannot be asked, or None; found out by asking it something small.

        It is asked once in a while, however often this is called. A path that it does not know
        is an answer, too.
        """
        async with self._lock:
            if self._clock() >= self._problem_lasts:
                self._problem = await self._ping()
                lasts = _BAD_LASTS_SECONDS if self._problem else _GOOD_LASTS_SECONDS
                self._problem_lasts = self._clock() + lasts
            return self._problem

    async def _ping(self) -> str | None:
        try:
            async with (
                asyncio.timeout(_PING_SECONDS),
                aclosing(await self.transport.send("GET", self._ping_path)) as reply,
            ):
                body = await body_of(reply)
        except TimeoutError:
            return "The model server did not answer in time."
        except GroundworkError as error:
            return error.detail
        if reply.status_code < 400 or reply.status_code in (404, 405):
            return None
        return failure_of(reply.status_code, reply.headers, body).detail

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.aclose()


def _joined(reader: Reader, events: Iterable[bytes]) -> Iterator[Chunk]:
    """What events that came together add, as one chunk: nobody waited for one of them alone.

    What stands before a broken event is not lost.
    """
    chunks: list[Chunk] = []
    try:
        for data in events:
            if chunk := reader.feed(data):
                chunks.append(chunk)  # noqa: PERF401 # kept, whatever the next event does
    finally:
        if len(chunks) > 1:
            text = "".join(chunk.text for chunk in chunks)
            chunks = [Chunk(text, tokens=tuple(t for chunk in chunks for t in chunk.tokens))]
        yield from chunks


async def _read_to_the_end(pieces: AsyncIterator[bytes]) -> None:
    """Take what follows the last event, so that the connection can be used again."""
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_END_SECONDS):
            async for _ in pieces:
                pass


def _require_whole(completion: Completion, most: int) -> None:
    """Refuse what is no whole answer; one that ends before its most tokens has filled the context."""
    match completion.stop_reason:
        case StopReason.END | StopReason.STOP_SEQUENCE:
            return
        case StopReason.REFUSAL:
            raise ModelRefused("The model refused to answer this request.")
        case StopReason.MAX_TOKENS if 0 < completion.usage.output_tokens < most:
            raise InputTooLong("The input leaves too little of the model's context for an answer.")
        case StopReason.MAX_TOKENS:
            raise ModelOutputTruncated("The model reached its limit of tokens before the end.")
        case StopReason.UNKNOWN:
            raise ModelOutputTruncated("The model stopped for a reason that is not an end.")


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> GroundworkError:
    """The error that a response with ``status`` stands for.

    What ``body`` says goes to the log, as far as it is a name, and never to the caller.
    """
    kind: type[GroundworkError] = UpstreamRejected
    detail = f"The model server answered with status {status}."
    if status == 429 and b"insufficient_quota" not in body:
        kind, detail = UpstreamRateLimited, "The model server limits the rate of calls."
    elif status in (408, 409, 503, 529):
        kind = UpstreamUnavailable
    elif status >= 500:
        kind = UpstreamFailed
    elif status in (400, 413, 422) and any(hint in body for hint in _TOO_LONG):
        kind, detail = InputTooLong, "The input is longer than the model's context allows."
    else:
        reason = _REASONS.get(status, f"status {status}")
        detail = f"The model server rejected the call: {reason}. The operator has to look at its settings."
    return kind(
        detail,
        retry_after=retry_after(headers) if kind.retryable else None,
        upstream_note=f"HTTP {status} {_names_in(body)}".rstrip(),
        upstream_status=status,
    )


def _names_in(body: bytes) -> str:
    try:
        said: object = from_json(body)
    except ValueError:
        said = body
    known = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    return names_of(known.get("error", cast("object", said)))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the upstream asks to wait: ``retry-after-ms``, then ``Retry-After``.

    ``Retry-After`` may be seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(ValueError):
            seconds = float(headers.get(name, "")) / unit
            if 0 <= seconds < float("inf"):
                return seconds
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    left = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)
    return max(0.0, left.total_seconds())
