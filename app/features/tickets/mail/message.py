"""Raw emails (RFC 5322, MIME: RFC 2045 to 2049) into what a ticket is read from.

The standard library parses and decodes, with what it lacks against hostile emails: bounds. Its new
policy reads headers in quadratic time and stumbles over broken ones, so the old one is used.
mail-parser wraps the same library, without bounds; fast_mail_parser loses the whole email at one
stray character in base64; mail-parser-reply goes by phrases of 13 languages, 30 s for 40 kB.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from functools import cached_property
from typing import Any, Final

from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.html import text_of

_DEEPEST: Final = 20  # parts around a part: each costs a look at every line
_MOST_PARTS: Final = 500
_MOST_LINES: Final = 20_000  # and one for each 40 bytes; base64 has 76 in a line
_LONGEST_HTML: Final = 2_000_000  # characters
_LONGEST_FIELD: Final = 10_000  # characters; the library is quadratic in encoded words
_MOST_PARAMETERS: Final = 30  # of a field; the library is quadratic in them, too

_LINE_END: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNREADABLE: Final = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]+")
_DATA: Final = re.compile(r"data:[\w/+.-]{1,99};base64,[\w/+=%-]*+")
_TEXTS: Final = frozenset({"text/plain", "text/markdown", "text/html"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_SHOWN: Final = ("From", "To", "Date", "Subject")  # of a forwarded email
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_AUTOMATIC: Final = frozenset(  # header fields
    {"x-autoreply", "x-autorespond", "x-autoresponder"}
    | {"x-failed-recipients", "list-unsubscribe-post"}
)
_NO: Final = frozenset({"", "no", "false", "none"})


class EmailUnreadable(ValueError):
    """The bytes are no email, or one that nobody wrote to be read."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not read: its file's name, its media type and its size in bytes, decoded."""

    name: str | None
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Email:
    """What an email says.

    Attributes:
        subject: empty where there is none.
        sender: the author (``From``), as it is written.
        date: when it was written, with an offset.
        message_id: with its angle brackets.
        headers: the email's own header fields in order: lower-case name, decoded value.
        text: what its reader reads, with the emails that it forwards; of the control characters,
            only line feeds and tabs.
        attachments: the other parts.
    """

    subject: str
    sender: str | None
    date: datetime | None
    message_id: str | None
    headers: tuple[tuple[str, str], ...]
    text: str
    attachments: tuple[Attachment, ...]


def read_email(raw: bytes) -> Email:
    """Read an email, however broken, in time linear in its length.

    Within 20 others, no part is opened; of a header field, 10,000 characters are read.

    Raises:
        EmailUnreadable: it does not begin with a header field, has more than 500 parts, more lines
            than an email of its size, or more than two million characters of HTML.
    """
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if lines.count(b"\n") > _MOST_LINES + len(lines) // 40:
        raise EmailUnreadable("This email has more lines than can be read.")
    bare = lines.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n")
    part: Any = message_from_bytes(bare, policy=_Lenient())
    headers = _headers(part)
    if not headers:
        raise EmailUnreadable("This is no email: it does not begin with a header field.")
    first, reader = dict(reversed(headers)), _Reader()
    return Email(
        subject=first.get("subject", ""),
        sender=first.get("from") or None,
        date=_date(first.get("date", "")),
        message_id=first.get("message-id") or None,
        headers=headers,
        text=reader.read(part),
        attachments=tuple(reader.attachments),
    )


def is_automatic(headers: Iterable[tuple[str, str]]) -> bool:
    """No person wrote this email: an answering machine, a mailing or a bounce.

    Signs are ``Auto-Submitted`` other than ``no`` (RFC 3834 section 5), ``Precedence`` bulk, junk,
    list or auto_reply (RFC 3834 section 2), ``X-Autoreply`` and its like, no return path (RFC 5321
    section 4.5.5), ``multipart/report`` (RFC 6522) and ``List-Unsubscribe-Post`` (RFC 8058).

    No signs are ``X-Auto-Response-Suppress``, which Exchange puts on what people write too, and
    ``List-Id`` and ``List-Unsubscribe``, which a group's address puts on every customer's email.
    """
    return any(_is_sign(name.strip().lower(), value.strip().lower()) for name, value in headers)


def _is_sign(name: str, value: str) -> bool:
    match name:
        case "auto-submitted":
            return value.partition(";")[0].partition("(")[0].strip() not in {"", "no"}
        case "precedence":
            return value in _BULK
        case "return-path":
            return "".join(value.split()) == "<>"
        case "content-type":
            return value.startswith("multipart/report")
        case _:
            return name in _AUTOMATIC and value not in _NO


class _Part(Message):
    """A message or a part of one, which opens what it holds within bounds."""

    def __init__(self, policy: Any = None) -> None:
        super().__init__(policy)
        self.depth = 0
        self.family: list[Any] = []

    @cached_property
    def type(self) -> str:
        """The media type that it says."""
        return super().get_content_type()

    @property
    def name(self) -> str | None:
        said = self.parameter("content-disposition", "filename")
        said = said or self.parameter("content-type", "name")
        return _decoded_words(said) or None if said else None

    def get_content_type(self) -> str:
        """The media type by which the library decides what to open."""
        is_container = self.type.startswith("multipart/") or self.type in _MESSAGES
        return self.type if is_container and self.depth < _DEEPEST else "text/plain"

    def get_content_charset(self, failobj: Any = None) -> Any:
        """None, so that the library decodes nothing by codecs of Python's own, some quadratic."""
        return failobj

    def attach(self, payload: Any) -> None:
        payload.depth, payload.family = self.depth + 1, self.family
        self.family.append(payload)
        if len(self.family) >= _MOST_PARTS:
            raise EmailUnreadable(f"This email has more than {_MOST_PARTS} parts.")
        super().attach(payload)

    def parameter(self, header: str, name: str) -> str | None:
        """A parameter (RFC 2231), or None where it is missing or broken."""
        try:
            value = self.get_param(name, header=header)
            return None if value is None else collapse_rfc2231_value(value)
        except (TypeError, ValueError):  # the library's, for sections that are numbered in part
            return None


class _Lenient(Compat32):
    """Header fields are lines of text, in whatever charset they are."""

    message_factory = _Part

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines).partition(":")
        if name.lower().startswith("content-"):
            value = ";".join(value.split(";", _MOST_PARAMETERS)[:_MOST_PARAMETERS])
        raw = value.strip()[:_LONGEST_FIELD].encode("ascii", "surrogateescape")
        return name, _one_line(decoded(raw))

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


class _Reader:
    """Goes through a message's parts; what it does not read is an attachment."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []

    def read(self, part: _Part) -> str:
        """The text of a part and of those that it holds."""
        if part.is_multipart():
            return self._together(part)
        data = part.get_payload(decode=True)
        data = data if isinstance(data, bytes) else b""
        lost_boundaries = part.type.startswith("multipart/") and part.depth < _DEEPEST
        name = part.name
        named = part.get_content_disposition() == "attachment" or name is not None
        if named or not (part.type in _TEXTS or lost_boundaries):
            self.attachments.append(Attachment(name, part.type, len(data)))
            return ""
        text = _readable(decoded(data, part.parameter("content-type", "charset")))
        if part.type == "text/html":
            text = _readable(_text_of_html(text))
        return text.strip("\n") if text.strip() else ""

    def _together(self, part: _Part) -> str:
        parts: Any = part.get_payload()
        read = [(child.type, text) for child in parts if (text := self.read(child))]
        if part.type in _MESSAGES:
            said = dict(reversed(_headers(parts[0])))
            shown = [f"{name}: {said[name.lower()]}" for name in _SHOWN if name.lower() in said]
            return "\n".join([*shown, *(f"\n{text}" for _, text in read)])
        if part.type == "multipart/alternative" and read:
            return next((text for kind, text in read if kind == "text/plain"), read[-1][1])
        return "\n\n".join(text for _, text in read)


def _text_of_html(html: str) -> str:
    if len(html) > _LONGEST_HTML:
        html = _DATA.sub("", html)  # pictures within
    if len(html) > _LONGEST_HTML:
        raise EmailUnreadable(f"This email has more than {_LONGEST_HTML} characters of HTML.")
    return text_of(html)


def _headers(part: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), _decoded_words(value)) for name, value in part.items())


def _decoded_words(value: str) -> str:
    """A header field's value with its encoded words (RFC 2047) decoded; broken ones stay."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    texts = (
        piece if isinstance(piece, str) else decoded(piece, charset or "utf-8")
        for piece, charset in pieces
    )
    return _one_line("".join(texts))


def _date(value: str) -> datetime | None:
    """A date (RFC 5322 section 3.3); ``-0000``, which tells no offset, is UTC."""
    try:
        date = parsedate_to_datetime(value[:100])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _readable(text: str) -> str:
    """The text with line feeds for line ends; of other control characters, it keeps tabs only."""
    return _UNREADABLE.sub("", _LINE_END.sub("\n", text)).replace("\xa0", " ")


def _one_line(text: str) -> str:
    return " ".join(_readable(text).split())
