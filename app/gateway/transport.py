"""The one place that talks HTTP to the model server: one client, one connection pool.

httpx's API on aiohttp's engine, which costs about a third of the CPU of httpx's own.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import IO, Final, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from app.errors import UpstreamError, UpstreamFailed, UpstreamTimeout, UpstreamUnreachable

MAX_RESPONSE_BYTES = 8 * 1024 * 1024

_MOST_URLS: Final = 16
_PIECE: Final = 65_536  # bytes of a file that are sent at once
_STALLED_SECONDS: Final = 60.0


def open_http() -> httpx.AsyncBaseTransport:
    """The process's connection pool; how many calls there are at once is the gateway's to limit."""
    context = httpx.create_ssl_context(trust_env=False)  # 30 ms, not to be spent in a request

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=context)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(verify=context, client=open_session)


class Upload(httpx.AsyncByteStream):
    """A body that is read from a file as it is sent.

    Attributes:
        size: of it, in bytes.
        content_type: its media type.
        is_sent: all of it is on the way, so that the server may have acted on it.
    """

    def __init__(self, file: IO[bytes], size: int, content_type: str) -> None:
        self._file = file
        self.size = size
        self.content_type = content_type
        self.is_sent = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_sent = False
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece
        self.is_sent = True


class Transport:
    """Sends requests to one base URL.

    Every failure below HTTP is an :class:`~app.errors.UpstreamError`; a status is not a failure
    here. A response of more than ``MAX_RESPONSE_BYTES`` is cut off and counts as failed.
    """

    def __init__(
        self,
        http: httpx.AsyncBaseTransport,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connect_timeout: float = 5.0,
    ) -> None:
        """Use ``http``, httpx's seam below its client, whose redirects and cookies nobody needs.

        ``headers`` go with every request. How long a call may take is the gateway's to limit, but
        for the seconds to connect.
        """
        self._base_url = base_url
        self._http = http
        self._headers = httpx.Headers(
            {"content-type": "application/json", "accept-encoding": "identity", **headers}
        )
        self._extensions = {"timeout": httpx.Timeout(None, connect=connect_timeout).as_dict()}
        self._urls: dict[str, httpx.URL] = {}

    async def aclose(self) -> None:
        """Close the pool."""
        await self._http.aclose()

    async def send(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        """Send a request, with ``content`` as JSON; the response has to be closed."""
        url = self._urls.get(path)
        if url is None:
            url = httpx.URL(self._base_url + path)
            if len(self._urls) < _MOST_URLS:  # a batch has paths of its own
                self._urls[path] = url
        request = httpx.Request(
            method,
            url,
            headers=self._headers,
            stream=httpx.ByteStream(content),  # as ``content``, it would cost headers each time
            extensions=self._extensions,
        )
        request.read()
        try:
            return await self._http.handle_async_request(request)
        except httpx.HTTPError as error:
            raise _failure(error) from error

    async def upload(self, path: str, body: Upload) -> httpx.Response:
        """Likewise send a file, to ``POST``."""
        length = {"content-type": body.content_type, "content-length": str(body.size)}
        request = httpx.Request(
            "POST",
            self._base_url + path,
            headers={**self._headers, **length},
            stream=body,
            extensions=self._extensions,
        )
        try:
            return await self._http.handle_async_request(request)
        except httpx.HTTPError as error:
            raise _failure(error) from error


async def pieces_of(response: httpx.Response) -> AsyncGenerator[bytes]:
    """A response's body, as it comes."""
    source = cast("AsyncGenerator[bytes]", aiter(cast("httpx.AsyncByteStream", response.stream)))
    received = 0
    try:
        async with aclosing(source) as pieces:
            async for piece in pieces:
                received += len(piece)
                if received > MAX_RESPONSE_BYTES:
                    msg = f"The model server sent more than {MAX_RESPONSE_BYTES} bytes."
                    raise UpstreamFailed(msg)
                yield piece
    except httpx.HTTPError as error:
        raise _failure(error) from error


async def lines_of(response: httpx.Response) -> AsyncGenerator[bytes]:
    """The lines of a response's body with their ends, as they come; each has a bound, not all."""
    source = cast("AsyncGenerator[bytes]", aiter(cast("httpx.AsyncByteStream", response.stream)))
    kept = bytearray()
    try:
        async with aclosing(source) as pieces:
            while piece := await _soon(pieces):
                kept += piece
                *lines, rest = kept.split(b"\n") if b"\n" in piece else (kept,)
                if len(rest) > MAX_RESPONSE_BYTES:
                    msg = f"The model server sent a line of more than {MAX_RESPONSE_BYTES} bytes."
                    raise UpstreamFailed(msg)
                kept = rest
                for line in lines:
                    yield bytes(line) + b"\n"
    except httpx.HTTPError as error:
        raise _failure(error) from error
    if kept:
        yield bytes(kept)


async def _soon(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece, empty at the end."""
    try:
        async with asyncio.timeout(_STALLED_SECONDS):
            return await anext(pieces, b"")
    except TimeoutError as error:
        raise UpstreamTimeout("The model server stopped in the middle of a response.") from error


async def body_of(response: httpx.Response) -> bytes:
    """A response's whole body."""
    return b"".join([piece async for piece in pieces_of(response)])


def _failure(error: httpx.HTTPError) -> UpstreamError:
    """What an error below HTTP stands for."""
    note = type(error.__cause__ or error).__name__  # its words may quote a response
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        # httpx-aiohttp reports a connection that broke after it was made as a ConnectTimeout.
        cause = error.__cause__
        broke = isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
        if not broke or isinstance(cause, aiohttp.ClientConnectorError):
            msg = "No connection to the model server."
            return UpstreamUnreachable(msg, upstream_note=str(error))
    elif isinstance(error, httpx.TimeoutException):
        return UpstreamTimeout("The model server did not answer in time.", upstream_note=note)
    return UpstreamFailed("The connection to the model server broke.", upstream_note=note)
