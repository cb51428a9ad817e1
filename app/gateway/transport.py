"""The one place that talks HTTP to the model server: one client, one connection pool.

httpx's API on aiohttp's engine, which costs about a third of the CPU of httpx's own.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from app.errors import UpstreamError, UpstreamFailed, UpstreamTimeout, UpstreamUnreachable

MAX_RESPONSE_BYTES = 8 * 1024 * 1024


def open_http() -> httpx.AsyncBaseTransport:
    """The process's connection pool; how many calls there are at once is the gateway's to limit."""
    context = httpx.create_ssl_context(trust_env=False)  # 30 ms, not to be spent in a request

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=context)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(verify=context, client=open_session)


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
            url = self._urls[path] = httpx.URL(self._base_url + path)
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
