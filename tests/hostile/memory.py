"""The hostile upstream without a socket, for tests on virtual time: at httpx's transport seam.

What a behaviour writes is read as HTTP by h11, so that what is cut off, garbled or reset is found
out as it is on a wire.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import h11
import httpx

from tests.hostile.calls import Call, good_output
from tests.hostile.connection import Request
from tests.hostile.upstream import HostileUpstream, Script

_MUCH = 65536  # bytes that may be on their way


class MemoryUpstream(HostileUpstream):
    """A hostile upstream that is asked by :meth:`http` alone."""

    @property
    def origin(self) -> str:
        return "http://upstream.test"

    def http(self) -> httpx.AsyncBaseTransport:
        return _Http(self)

    async def open(self, port: int = 0) -> None:
        """There is nothing to be opened."""

    async def close(self) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)


class _Pipe:
    """One request's connection: the upstream's end, and the client's."""

    def __init__(self, upstream: MemoryUpstream) -> None:
        self.client_left: float | None = None
        self._upstream = upstream
        self._work: asyncio.Task[object] | None = None
        self._data: deque[bytes] = deque()
        self._size = 0
        self._ended = self._was_reset = False
        self._changed = asyncio.Event()
        upstream.opened(self)

    def ask(self, request: Request) -> None:
        self._work = self._upstream.asked(self, request)

    async def receive(self) -> bytes:
        """What came next; nothing at the end."""
        while not (self._data or self._ended):
            await self._wait()
        if self._was_reset:
            raise httpx.ReadError("The connection was reset.")
        piece = self._data.popleft() if self._data else b""
        self._size -= len(piece)
        self._changed.set()
        return piece

    def leave(self) -> None:
        """The client closes the connection."""
        self._ended = True
        if self._work and not self._work.done():
            self.client_left = asyncio.get_running_loop().time()
            self._work.cancel()
        self._upstream.closed(self)

    def hang_up(self) -> None:
        """The client is done with it, and would keep it for another request."""
        self._upstream.closed(self)

    async def send(self, data: bytes) -> None:
        self.send_now(data)
        while self._size > _MUCH and not self._ended:
            await self._wait()

    def send_now(self, data: bytes) -> None:
        if data:
            self._data.append(data)
            self._size += len(data)
            self._changed.set()

    def reset(self) -> None:
        self._was_reset = True
        self.abort()

    def abort(self) -> None:
        self._ended = True
        self._changed.set()

    def done(self, *, keep: bool) -> None:
        if not keep:
            self.abort()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class _Http(httpx.AsyncBaseTransport):
    def __init__(self, upstream: MemoryUpstream) -> None:
        self._upstream = upstream

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pipe = _Pipe(self._upstream)
        protocol = h11.Connection(h11.CLIENT)
        target = request.url.raw_path
        protocol.send(h11.Request(method=request.method, target=target, headers=[("host", "x")]))
        protocol.send(h11.EndOfMessage())
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = target.decode().partition("?")[0]
        pipe.ask(Request(request.method, path, headers, request.content))
        try:
            head = await _next(protocol, pipe)
        except BaseException:
            pipe.leave()
            raise
        assert isinstance(head, h11.Response)
        body = _Body(protocol, pipe)
        return httpx.Response(head.status_code, headers=[*head.headers], stream=body)


class _Body(httpx.AsyncByteStream):
    def __init__(self, protocol: h11.Connection, pipe: _Pipe) -> None:
        self._protocol = protocol
        self._pipe = pipe
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while isinstance(event := await _next(self._protocol, self._pipe), h11.Data):
            yield bytes(event.data)
        self._whole = True

    async def aclose(self) -> None:
        if self._whole:
            self._pipe.hang_up()
        else:
            self._pipe.leave()


async def _next(protocol: h11.Connection, pipe: _Pipe) -> h11.Event:
    """The next event of HTTP.

    Raises:
        httpx.TransportError: what comes is not HTTP, or ends too early.
    """
    try:
        while (event := protocol.next_event()) is h11.NEED_DATA:
            protocol.receive_data(await pipe.receive())
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    assert isinstance(event, h11.Event)
    if isinstance(event, h11.ConnectionClosed):
        raise httpx.RemoteProtocolError("The server closed the connection.")
    return event


@asynccontextmanager
async def memory_upstream(
    script: Script,
    *,
    reply: Callable[[Call], str] = good_output,
    slots: int | None = None,
    service_time: float = 0.0,
) -> AsyncGenerator[MemoryUpstream]:
    """A hostile upstream in memory; the arguments are those of ``hostile_upstream``."""
    upstream = MemoryUpstream(script, reply, slots, service_time)
    try:
        yield upstream
    finally:
        await upstream.close()
