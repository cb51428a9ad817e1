"""Server-sent events as a client reads them (WHATWG HTML, section 9.2.6)."""


class EventParser:
    """Feeds on bytes, gives the ``data`` of each complete event.

    Comments, ``event``, ``id`` and ``retry`` fields are skipped: both dialects repeat in the
    data whatever they say there.
    """

    __slots__ = ("_data", "_held", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of the line that has no end yet
        self._held = b""  # a carriage return, of which it is not yet known whether it is a pair
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes of the body, in pieces of any size."""
        if self._held or b"\r" in piece:
            piece = self._held + piece
            self._held = b"\r" if piece.endswith(b"\r") else b""
            piece = piece.removesuffix(self._held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = piece.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
        if rest:
            self._parts.append(rest)
        events: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        return events
