"""Server-sent events as a client reads them (WHATWG HTML, section 9.2.6)."""


class EventParser:
    """Feeds on bytes, gives the ``data`` of each complete event.

    Comments, ``event``, ``id`` and ``retry`` fields are skipped: both dialects repeat in the
    data whatever they say there.
    """

    __slots__ = ("_buffer", "_data")

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes of the body, in pieces of any size."""
        events: list[bytes] = []
        buffer = self._buffer + piece
        if b"\r" in buffer:
            held_back = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer.removesuffix(held_back).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            buffer += held_back
        *lines, self._buffer = buffer.split(b"\n")
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        return events
