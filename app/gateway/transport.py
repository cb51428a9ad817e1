"""The one place that talks HTTP to the model server: one client, one connection pool.

httpx's API on aiohttp's engine, which costs about a third of the CPU of httpx's own.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

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
    pieces: AsyncIterator[bytes]


def open_client(*, connect_timeout: float) -> httpx.AsyncClient:
    """The process's HTTP client; ``connect_timeout`` in seconds.

    How many calls there are at once, and how long they may take, is the gateway's to limit.
    """
    limits = httpx.Limits(max_connections=0)  # aiohttp's word for no limit
    timeout = httpx.Timeout(None, connect=connect_timeout)
    return httpx.AsyncClient(
        transport=AiohttpTransport(limits=limits), timeout=timeout, trust_env=False
    )


class Transport:
    """Sends requests to one base URL.

    Every failure below HTTP is an :class:`~app.errors.UpstreamError`; a status is not a failure
    here. A response of more than ``MAX_RESPONSE_BYTES`` is cut off and counts as failed.
    """

    def __init__(
        self, client: httpx.AsyncClient, base_url: str, headers: Mapping[str, str]
    ) -> None:
        self.base_url = base_url
        self._client = client
        self._headers = {"content-type": "application/json", **headers}

    async def get(self, path: str) -> Reply:
        """GET ``path``."""
        return await self._whole(httpx.Request("GET", self.base_url + path, headers=self._headers))

    async def post(self, path: str, content: bytes) -> Reply:
        """POST a JSON body and read the whole response."""
        return await self._whole(self._post(path, content))

    @asynccontextmanager
    async def stream(self, path: str, content: bytes) -> AsyncGenerator[StreamedReply]:
        """POST a JSON body; the response's body is read by the caller inside the block."""
        with _mapped_failures():
            response = await self._client.send(self._post(path, content), stream=True)
        try:
            yield StreamedReply(response.status_code, response.headers, _pieces(response))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    def _post(self, path: str, content: bytes) -> httpx.Request:
        request = httpx.Request(
            "POST", self.base_url + path, headers=self._headers, content=content
        )
        request.extensions["timeout"] = self._client.timeout.as_dict()
        return request

    async def _whole(self, request: httpx.Request) -> Reply:
        request.extensions.setdefault("timeout", self._client.timeout.as_dict())
        with _mapped_failures():
            response = await self._client.send(request, stream=True)
        try:
            body = b"".join([piece async for piece in _pieces(response)])
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body)


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    announced = response.headers.get("content-length", "")
    received = int(announced) if announced.isdecimal() else 0
    _require_moderate(received)
    received = 0
    with _mapped_failures():
        async for piece in response.aiter_bytes():
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
