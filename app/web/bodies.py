"""Reading requests' bodies within bounds: of size, of time, of memory for all, and of what they hold."""

import asyncio
from collections.abc import Mapping
from typing import Final, Self

from pydantic_core import from_json
from starlette.types import Message, Receive

from app.errors import (
    BodyTooLarge,
    InvalidHttp,
    MalformedForm,
    MalformedJson,
    Overloaded,
    RequestTimeout,
)

SMALL: Final = 65_536  # bytes that a body may always have, so that large ones keep no small one out
STREAMED: Final = frozenset({"/batches"})  # paths whose endpoint reads the body as it comes
MOST_JSON: Final = 2_097_152  # bytes, which are looked at in one go, while everybody waits

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 1_000  # of such a form, which readers take one by one, empty ones too
_MOST_VALUES: Final = 100_000  # of JSON, each of which is an object in memory
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # a parser may ignore it (RFC 8259, section 8.1)


class Bodies:
    """Bounds for the bodies of all requests, and how much of them is in memory."""

    def __init__(self, *, most: int, together: int, seconds: float) -> None:
        """Set the bounds; a body of the largest size that is alone always fits."""
        self.most = most  # bytes of one; of JSON, ``MOST_JSON`` if that is less
        self.together = max(most, together)  # that are read or answered at once, but for small ones
        self.seconds = seconds  # in which one must be there
        self.held = 0  # bytes that count now


class Body:
    """One request's body; it counts for as long as the block runs."""

    __slots__ = ("_bodies", "_held")

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bodies.held -= self._held

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> Message:
        """The whole body as one message; or that the caller has left.

        Raises:
            RequestError: it is too large or too slow, of two lengths, JSON that is none, or a form
                of too many fields.
            Overloaded: others have the memory.
        """
        if b"content-length" in headers and b"transfer-encoding" in headers:
            raise InvalidHttp("It has both Content-Length and Transfer-Encoding.")
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        holds_json, most = is_json(content_type), self._bodies.most
        if holds_json:
            most = min(most, MOST_JSON)
        seconds = self._bodies.seconds
        try:
            async with asyncio.timeout(seconds):
                message = await self._whole(most, headers.get(b"content-length", b""), receive)
        except TimeoutError:
            raise RequestTimeout(f"The body took more than {seconds:g} seconds.") from None
        if content := message.get("body"):
            if holds_json:
                _require_json(content)
            elif content_type.lower().startswith(_FORM) and content.count(b"&") >= _MOST_FIELDS:
                raise MalformedForm(f"The form may have at most {_MOST_FIELDS} fields.")
        return message

    async def _whole(self, most: int, announced: bytes, receive: Receive) -> Message:
        body = bytearray()
        size = int(announced) if announced.isdigit() else 0
        while size <= most:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            size = max(size, len(body))
            self._hold(min(most, len(body)))
            if not message.get("more_body", False) and size <= most:
                return {"type": "http.request", "body": bytes(body), "more_body": False}
        raise BodyTooLarge(f"The body may have at most {most} bytes.")

    def _hold(self, size: int) -> None:
        more = size - self._held
        if size <= SMALL:
            return
        if self._bodies.held + more > self._bodies.together:
            raise Overloaded("The service has no memory for another large request.")
        self._bodies.held += more
        self._held = size


def is_json(content_type: str) -> bool:
    """Whether a body of this type is read as JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _require_json(content: bytes) -> None:
    """Refuse what Python's own parser lets pass: half a character, NaN, or another encoding.

    Once here, so that nobody further in finds out when it cannot be written any more.
    """
    if len(content) > SMALL:
        _require_few_values(content)
    try:
        from_json(content.removeprefix(_BYTE_ORDER_MARK), allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from None


def _require_few_values(content: bytes) -> None:
    """Refuse so many values that they take twenty times the memory of the text, before any is made.

    Each value has a comma or a bracket before it; what stands within strings does not count.
    """
    if _separators(content) <= _MOST_VALUES:
        return
    unescaped = content.replace(rb"\\", b"").replace(rb"\"", b"")
    most_quotes = 4 * _MOST_VALUES  # two for each value, two for its name
    if unescaped.count(b'"') > most_quotes or (
        _separators(b"".join(unescaped.split(b'"')[::2])) > _MOST_VALUES
    ):
        raise BodyTooLarge(f"The body may have at most {_MOST_VALUES} values.")


def _separators(content: bytes) -> int:
    return len(content) - len(content.translate(None, b",[{"))
