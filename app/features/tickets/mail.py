"""Raw emails (RFC 5322, MIME: RFC 2045 to 2049) into what a ticket is read from.

The standard library parses and decodes, with what it lacks against hostile emails: bounds. Its new
policy reads headers in quadratic time and stumbles over broken ones, so the old one is used. Of
others, mail-parser has no bounds, and fast_mail_parser loses all at one stray character in base64.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any, Final, NamedTuple

from app.errors import EmailUnreadable
from app.features.tickets.schemas import Attachment, EmailParts
from app.knowledge.reading.charsets import decoded
from app.knowledge.reading.html import text_of

_DEEPEST: Final = 20  # parts around a part: each costs a look at every line
_MOST_PARTS: Final = 500
_MOST_LINES: Final = 20_000  # and one for each 40 bytes; base64 has 76 in a line
_LONGEST_HTML: Final = 1_000_000  # characters: 0.4 s at worst, in which nobody else is served
_LONGEST_FIELD: Final = 10_000  # characters; the library is quadratic in encoded words
_MOST_PARAMETERS: Final = 30  # of a field; the library is quadratic in them, too

_UNREADABLE: Final = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]+")
_DATA: Final = re.compile(r"data:[\w/+.-]{1,99};base64,[\w/+=%-]*+")  # pictures within HTML
_READ: Final = ("text/plain", "text/html", "multipart/")  # the last where it has no boundary
_OPENED: Final = ("multipart/", "message/rfc822")
_SHOWN: Final = ("From", "To", "Date", "Subject")  # of a forwarded email
_AUTOMATIC: Final = re.compile(
    r"auto-submitted:\s*(?!no\b)\w"  # RFC 3834 section 5
    r"|precedence:\s*(bulk|junk|list|auto_reply)\s*$"  # RFC 3834 section 2
    r"|return-path:\s*<\s*>\s*$"  # RFC 5321 section 4.5.5
    r"|content-type:\s*multipart/report"  # RFC 6522
    r"|list-unsubscribe-post:",  # RFC 8058
    re.IGNORECASE,
)
_SIGNATURE: Final = ("-- ", "--")  # HTML and many servers lose the space
_MARKS: Final = 12  # characters of a line in which its marks stand


class Email(NamedTuple):
    """An email in its parts, all text that its reader reads, and its own header fields."""

    parts: EmailParts
    text: str
    headers: Mapping[str, str]


def read_email(raw: bytes) -> Email:
    """Read an email, however broken, in time linear in its length.

    Raises:
        EmailUnreadable: it does not begin with a header field, or exceeds a bound.
    """
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if lines.count(b"\n") > _MOST_LINES + len(lines) // 40:
        raise EmailUnreadable("This email has more lines than can be read.")
    bare = lines.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n")
    part: Any = message_from_bytes(bare, policy=_Lenient())
    if not part.keys():
        raise EmailUnreadable("This is no email: it does not begin with a header field.")
    attachments: list[Attachment] = []
    text = _read(part, attachments)
    parts = EmailParts(
        subject=part.get("subject", ""),
        sender=part["from"] or None,
        date=_date(part.get("date", "")),
        message_id=part["message-id"] or None,
        **split_reply(text)._asdict(),
        attachments=attachments,
    )
    return Email(parts, text, dict(reversed(part.items())))


def is_automatic(headers: Mapping[str, str]) -> bool:
    """No person wrote this email: an answering machine, a mailing or a bounce.

    No signs are ``X-Auto-Response-Suppress``, which Exchange puts on what people write too, and
    ``List-Id`` and ``List-Unsubscribe``, which a group's address puts on every customer's email.
    """
    return any(_AUTOMATIC.match(f"{name}:{value}") for name, value in headers.items())


class _Part(Message):
    """A message or a part of one, which opens what it holds within bounds."""

    def __init__(self, policy: Any = None) -> None:
        super().__init__(policy)
        self.depth = 0
        self.family: list[Any] = [self]

    @property
    def type(self) -> str:
        return super().get_content_type()

    def get_content_type(self) -> str:
        """What the library goes by: multiparts and emails, but nothing else, have parts."""
        return self.type if self.type.startswith(_OPENED) else "text/plain"

    def get_param(
        self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True
    ) -> Any:
        """A parameter in one piece (RFC 2231); one over which the library stumbles is missing."""
        try:
            value: Any = super().get_param(param, failobj, header, unquote)
            return collapse_rfc2231_value(value)
        except (TypeError, ValueError):
            return failobj

    def attach(self, payload: Any) -> None:
        payload.depth, payload.family = self.depth + 1, self.family
        self.family.append(payload)
        if payload.depth > _DEEPEST or len(self.family) > _MOST_PARTS:
            raise EmailUnreadable("This email has more parts than can be read.")
        super().attach(payload)


class _Lenient(Compat32):
    """Header fields are lines of text, in whatever charset they are."""

    message_factory = _Part

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines).partition(":")
        raw = value.strip()[:_LONGEST_FIELD].encode("ascii", "surrogateescape")
        text = _one_line(_decoded_words(_one_line(decoded(raw))))
        if name.lower().startswith("content-"):
            text = ";".join(text.split(";", _MOST_PARAMETERS)[:_MOST_PARAMETERS])
        return name, text


def _read(part: Any, attachments: list[Attachment]) -> str:
    """The text of a part and of those that it holds; what is not read goes to the attachments."""
    if part.is_multipart():
        return _together(part, attachments)
    data: bytes = part.get_payload(decode=True) or b""
    name = part.get_filename() or None
    named = name or part.get_content_disposition() == "attachment"
    if named or not part.type.startswith(_READ):
        attachments.append(Attachment(name=name, type=part.type, size=len(data)))
        return ""
    text = decoded(data, part.get_param("charset"))
    if part.type == "text/html":
        text = _DATA.sub("", text)
        if len(text) > _LONGEST_HTML:
            raise EmailUnreadable(f"This email has over {_LONGEST_HTML} characters of HTML.")
        text = text_of(text)
    text = _readable(text)
    return text.strip("\n") if text.strip() else ""


def _together(part: Any, attachments: list[Attachment]) -> str:
    held = part.get_payload()
    read = [(child.type, text) for child in held if (text := _read(child, attachments))]
    if part.type == "message/rfc822":
        shown = [f"{name}: {held[0][name]}" for name in _SHOWN if name in held[0]]
        return "\n".join([*shown, *(f"\n{text}" for _, text in read)])
    if part.type == "multipart/alternative" and read:
        return next((text for kind, text in read if kind == "text/plain"), read[-1][1])
    return "\n\n".join(text for _, text in read)


def _decoded_words(value: str) -> str:
    """A header field's value with its encoded words (RFC 2047) decoded; broken ones stay."""
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        piece if isinstance(piece, str) else decoded(piece, charset or "utf-8")
        for piece, charset in pieces
    )


def _date(value: str) -> datetime | None:
    """A date (RFC 5322 section 3.3); ``-0000``, which tells no offset, is UTC."""
    try:
        date = parsedate_to_datetime(value[:100])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _readable(text: str) -> str:
    """The text with line feeds for line ends; of other control characters, it keeps tabs only."""
    return _UNREADABLE.sub("", "\n".join(text.splitlines())).replace("\xa0", " ")


def _one_line(text: str) -> str:
    return " ".join(_readable(text).split())


class Reply(NamedTuple):
    """An email's text in three parts; each line that is not blank is in exactly one of them.

    Quoted are lines that begin with ``>`` (RFC 3676 section 4.5), a signature is what else stands
    from a line ``--`` on (section 4.3), and the text is what the sender newly wrote.
    """

    text: str
    quoted: str
    signature: str


def split_reply(text: str) -> Reply:
    """Split an email's text by RFC 3676 alone; answers between quoted lines are the sender's text."""
    written: list[str] = []
    quoted: list[str] = []
    signature: list[str] = []
    for line in text.splitlines():
        if line[:1] == ">":
            quoted.append(line)
        elif signature or line in _SIGNATURE:
            signature.append(line)
        else:
            written.append(line)
    return Reply(*("\n".join(part).strip("\n") for part in (written, quoted, signature)))


def without_oldest(text: str, most: int) -> str:
    """At most so many characters of an email's text.

    What is quoted deepest is the oldest and goes first, from its last line up, then what is quoted
    less deep; at last the end of the text itself.
    """
    lines = text.split("\n")
    quotes = [(line[:_MARKS].count(">"), at) for at, line in enumerate(lines) if line[:1] == ">"]
    left, gone = len(text), set[int]()
    for _, at in sorted(quotes, reverse=True):
        if left <= most:
            break
        gone.add(at)
        left -= len(lines[at]) + 1
    return "\n".join(line for at, line in enumerate(lines) if at not in gone)[:most]
