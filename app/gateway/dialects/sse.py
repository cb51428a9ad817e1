"""Server-sent events as a client reads them (WHATWG HTML, section 9.2.6)."""


class EventParser:
    """Feeds on bytes, gives the ``data`` of each complete event: JSON, that a return may end.

    Comments, ``event``, ``id`` and ``retry`` fields are skipped: both dialects repeat in the
    data whatever they say there. Lines end with a line feed, as all servers have it.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of the line that has no end yet
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes of the body, in pieces of any size."""
        *lines, rest = piece.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts.clear()
        if rest:
            self._parts.append(rest)
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            elif self._data and line in (b"", b"\r"):
                events.append(b"\n".join(self._data))
                self._data = []
        return events
