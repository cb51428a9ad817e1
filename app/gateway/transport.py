"""The one place that talks HTTP to the model server: one client, one connection pool.

httpx's API on aiohttp's engine, which costs about a third of the CPU of httpx's own.
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from app.errors import UpstreamFailed, UpstreamTimeout, UpstreamUnreachable

MAX_RESPONSE_BYTES = 8 * 1024 * 1024
BROKEN = "The connection to the model server broke."


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers (lower-case names) and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamedReply:
    """Status and headers of a response whose body is still to be read."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes]


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

        Args:
            http: the connection pool.
            base_url: what paths are relative to.
            headers: go with every request.
            connect_timeout: in seconds; how long a call may take is the gateway's to limit.
        """
        self.base_url = base_url
        self._http = http
        self._headers = httpx.Headers(
            {"content-type": "application/json", "accept-encoding": "identity", **headers}
        )
        self._extensions = {"timeout": httpx.Timeout(None, connect=connect_timeout).as_dict()}
        self._urls: dict[str, httpx.URL] = {}

    async def get(self, path: str) -> Reply:
        """GET ``path``."""
        async with self._sent("GET", path) as response:
            return await _whole(response)

    async def post(self, path: str, content: bytes) -> Reply:
        """POST a JSON body and read the whole response."""
        async with self._sent("POST", path, content) as response:
            return await _whole(response)

    @asynccontextmanager
    async def stream(self, path: str, content: bytes) -> AsyncGenerator[StreamedReply]:
        """POST a JSON body; the response's body is read by the caller inside the block."""
        async with self._sent("POST", path, content) as response:
            yield StreamedReply(response.status_code, response.headers, _pieces(response))

    async def aclose(self) -> None:
        """Close the pool."""
        await self._http.aclose()

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, content: bytes | None = None
    ) -> AsyncGenerator[httpx.Response]:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(self.base_url + path)
        request = httpx.Request(
            method, url, headers=self._headers, content=content, extensions=self._extensions
        )
        with _mapped_failures():
            response = await self._http.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


async def _whole(response: httpx.Response) -> Reply:
    async with aclosing(_pieces(response)) as pieces:
        body = b"".join([piece async for piece in pieces])
    return Reply(response.status_code, response.headers, body)


async def _pieces(response: httpx.Response) -> AsyncGenerator[bytes]:
    announced = response.headers.get("content-length", "")
    received = int(announced) if announced.isdecimal() else 0
    _require_moderate(received)
    received = 0
    with _mapped_failures():
        source = cast("AsyncGenerator[bytes]", response.aiter_bytes())  # it says less than it is
        async with aclosing(source) as pieces:
            async for piece in pieces:
                received += len(piece)
                _require_moderate(received)
                yield piece


def _require_moderate(size: int) -> None:
    if size > MAX_RESPONSE_BYTES:
        raise UpstreamFailed(f"The model server sent more than {MAX_RESPONSE_BYTES} bytes.")


@contextmanager
def _mapped_failures() -> Generator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        # httpx-aiohttp reports a connection that broke after it was made as a ConnectTimeout.
        if isinstance(
            error.__cause__, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
        ) and (not isinstance(error.__cause__, aiohttp.ClientConnectorError)):
            raise UpstreamFailed(BROKEN, upstream_note=str(error)) from error
        msg = "No connection to the model server."
        raise UpstreamUnreachable(msg, upstream_note=str(error)) from error
    except httpx.TimeoutException as error:
        msg = "The model server did not answer in time."
        raise UpstreamTimeout(msg, upstream_note=str(error)) from error
    except httpx.HTTPError as error:
        raise UpstreamFailed(BROKEN, upstream_note=str(error)) from error
