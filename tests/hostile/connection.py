"""One client's connection to the hostile upstream: HTTP/1.1 down to the reset."""

import asyncio
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Protocol, cast

JSON = "application/json"
EVENTS = "text/event-stream"
LAST_CHUNK = b"0\r\n\r\n"

_MUCH = 32768  # bytes
_CLOSE_BY_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with a time of zero


@dataclass(frozen=True, slots=True)
class Request:
    """A request; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Handler(Protocol):
    """What a connection tells of itself."""

    def opened(self, connection: "Connection") -> None: ...

    def closed(self, connection: "Connection") -> None: ...

    def asked(self, connection: "Connection", request: Request) -> "asyncio.Task[object] | None":
        """Start to work on a request; None if it is already answered."""
        ...

    def misunderstood(self, error: ValueError) -> None:
        """What came is not HTTP as clients of a model server speak it."""
        ...


def head(
    content_type: str,
    *,
    status: int = 200,
    length: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
    framed: bool = True,
) -> bytes:
    """Status line and headers; without ``length`` in chunks, or up to the close if not framed."""
    reason = responses.get(status, "Unheard Of")
    lines = [f"HTTP/1.1 {status} {reason}", f"content-type: {content_type}"]
    if length is not None:
        lines.append(f"content-length: {length}")
    elif framed:
        lines.append("transfer-encoding: chunked")
    else:
        lines.append("connection: close")
    lines.extend(f"{name}: {value}" for name, value in headers)
    return "\r\n".join([*lines, "\r\n"]).encode()


def chunk(data: bytes) -> bytes:
    """``data`` as a chunk of a body in chunks."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(
    body: bytes,
    *,
    status: int = 200,
    content_type: str = JSON,
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A whole response."""
    return head(content_type, status=status, length=len(body), headers=headers) + body


class Connection(asyncio.Protocol):
    """Works on one request after the other; stops working when the client goes away.

    A protocol and not a pair of streams: it hears of a client's leaving at once, whatever it is
    doing for it.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._received = bytearray()
        self._work: asyncio.Task[object] | None = None
        self._can_write: asyncio.Future[None] | None = None
        self._closing = False
        self.client_left: float | None = None  # the loop's time

    async def send(self, data: bytes) -> None:
        """Write ``data``; return when the kernel has all of it."""
        self._transport.write(data)
        if self._can_write:
            await self._can_write
        elif self._transport.is_closing():
            # The client has gone, which is to be heard in the loop's next round; until then
            # writing would seem to succeed.
            await asyncio.Event().wait()
        elif len(data) >= _MUCH:
            await asyncio.sleep(0)  # or a client that reads fast would never be heard leaving

    def send_now(self, data: bytes) -> None:
        """Write ``data``, which is little."""
        self._transport.write(data)

    def close(self) -> None:
        """Send what is written, then end the connection in order."""
        self._closing = True
        self._transport.close()

    def reset(self) -> None:
        """End the connection with a reset (RST)."""
        self._closing = True
        connection = cast("socket.socket", self._transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_BY_RESET)
        self._transport.abort()

    def abort(self) -> None:
        """Drop the connection and what is still to be written."""
        self._closing = True
        self._transport.abort()

    def done(self, *, keep: bool) -> None:
        """The work on a request has ended; go on with the next one, or close."""
        self._work = None
        if self._closing:
            return
        if keep:
            self._go_on()
        else:
            self.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self._handler.opened(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._go_on()

    def eof_received(self) -> None:
        # No HTTP client closes only one half, so the end of its half is the client's leaving.
        self._leave()
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._leave()
        self._closing = True
        self._handler.closed(self)

    def pause_writing(self) -> None:
        self._can_write = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._can_write and not self._can_write.done():
            self._can_write.set_result(None)
        self._can_write = None

    def _leave(self) -> None:
        if self._work:
            self.client_left = asyncio.get_running_loop().time()
            self._work.cancel()

    def _go_on(self) -> None:
        try:
            while not (self._work or self._closing) and (request := _cut_request(self._received)):
                self._work = self._handler.asked(self, request)
        except ValueError as error:
            self._handler.misunderstood(error)
            self.abort()


def _cut_request(received: bytearray) -> Request | None:
    """Take the first request out of ``received``, if all of it is there."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    line, *lines = received[:end].decode("latin-1").split("\r\n")
    method, target, version = line.split(" ")
    if version != "HTTP/1.1":
        raise ValueError(f"the version is {version!r}")
    fields = (header.partition(":") for header in lines)
    headers = {name.lower(): value.strip() for name, _colon, value in fields}
    if "transfer-encoding" in headers:
        raise ValueError("a request's body came in chunks")
    start = end + 4
    stop = start + int(headers.get("content-length", 0))
    if len(received) < stop:
        return None
    request = Request(method, target.partition("?")[0], headers, bytes(received[start:stop]))
    del received[:stop]
    return request
