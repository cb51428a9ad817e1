"""A response as it passes: its status, how long it took, and what it says in the end."""

from time import monotonic
from typing import Any

from pydantic import JsonValue
from pydantic_core import from_json
from starlette.types import Message, Send

_STREAM = b"text/event-stream"
_DATA = b"data: "


class Observed:
    """Passes a response on, and keeps it; of a stream, its last event."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = monotonic()
        self._status = 0
        self._streams = False
        self._body = b""
        self.seconds: float | None = None  # until the answer or, of a stream, its first event

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            content_type = dict[bytes, bytes](message["headers"]).get(b"content-type", b"")
            self._streams = content_type.startswith(_STREAM)
        elif body := message.get("body"):
            if self.seconds is None:
                self.seconds = monotonic() - self._started
            self._body = body if self._streams else self._body + body
        await self._send(message)

    @property
    def is_well(self) -> bool:
        """Whether it is no problem, as far as its status tells."""
        return bool(self._body) and self._status < 400

    @property
    def size(self) -> int:
        return len(self._body)

    def outcome(self) -> tuple[str | None, JsonValue]:
        """The problem's code, if it is one, or the reply.

        What ends without an end has the code ``cut-off``; what is in another's format its status.
        """
        if not self._body:
            return "cut-off", None
        content: Any = from_json(self._body.removeprefix(_DATA) if self._streams else self._body)
        if self._streams:
            if content["type"] == "completed":
                return None, content["result"]
            return (content["problem"]["code"] if content["type"] == "failed" else "cut-off"), None
        if self._status < 400:
            return None, content
        return str(content.get("code") or self._status), None
