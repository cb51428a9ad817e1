"""Raw emails (RFC 5322, MIME: RFC 2045 to 2049) into what a ticket is read from.

The standard library decodes; the parts are split here, since no parser held against hostile ones:
the library's own took 2.3 s for 750 kB in 100 multiparts and fails at 5,000, fast_mail_parser loses
the whole email at 500 multiparts or at one stray character in base64. Of 61 emails of the corpus
without HTML, fast_mail_parser reads 43 as a reader would, mail-parser 40, ``policy.default`` 34.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from typing import Final

from app.features.tickets.mail.charsets import decoded, decoded_words
from app.features.tickets.mail.html_text import html_to_text
from app.features.tickets.mail.plain_text import one_line, readable, unflowed, without_uuencoded

_DEEPEST: Final = 100
_MOST_PARTS: Final = 5_000
_LONGEST_ADDRESSES: Final = 500  # characters
_MOST_COMMENTS: Final = 20  # in addresses; the library recurses over them
_LONGEST_PARAMETERS: Final = 998  # characters, a line's; the library is quadratic in them

_HEAD: Final = re.compile(rb"(?:(?:From |[!-9;-~]++[ \t]*+:|[ \t])[^\n]*+(?:\n|\Z))*+")
_FIELD: Final = re.compile(r"^([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.MULTILINE)
_SOME_BOUNDARY: Final = re.compile(rb"^--([^\s-][^\s]{0,69})[ \t]*$", re.MULTILINE)
_Q_WORD: Final = re.compile(r"(?<==\?)[^?\s]++\?q\?[^?]*+(?=\?=)", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[,;:<>()@\"\\]")
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN: Final = 1_024  # bytes
_TEXTS: Final = frozenset({"text/plain", "text/markdown", "text/html"})
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_AUTOMATIC_FIELDS: Final = frozenset(
    {
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-failed-recipients",
        "list-unsubscribe-post",
    }
)
_NO: Final = frozenset({"", "no", "false", "none"})


class EmailUnreadable(ValueError):
    """The bytes are no email."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not read.

    Attributes:
        name: the file's name, where the email gives one.
        type: the media type, lower-case, as the email gives it.
        size: decoded, in bytes; line ends count as one.
    """

    name: str | None
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Email:
    """What an email says.

    Attributes:
        subject: empty where there is none.
        sender: the authors (``From``), ``Name <address>``, separated by commas.
        date: when it was written, with an offset.
        message_id: with its angle brackets.
        headers: the email's own header fields in order: lower-case name, decoded value.
        text: what its reader reads; of the control characters, only line feeds and tabs.
        hidden: what HTML parts hold that their reader cannot see.
        attachments: the other parts, nested emails too.
    """

    subject: str
    sender: str | None
    date: datetime | None
    message_id: str | None
    headers: tuple[tuple[str, str], ...]
    text: str
    hidden: str
    attachments: tuple[Attachment, ...]


def read_email(raw: bytes) -> Email:
    """Read an email, however broken; linear in its length.

    What is nested deeper than 100 parts is one attachment, and parts after the 5,000th are left
    out.

    Raises:
        EmailUnreadable: it does not begin with a header field.
    """
    part = _part(_without_marks(raw))
    if not part.fields:
        raise EmailUnreadable("This is no email: it does not begin with a header field.")
    headers = tuple((name, one_line(decoded_words(value))) for name, value in part.fields)
    first = dict(reversed(headers))
    walk = _Walk()
    text = walk.read(part).text
    return Email(
        subject=first.get("subject", ""),
        sender=_sender(dict(reversed(part.fields)).get("from", "")),
        date=_date(first.get("date", "")),
        message_id=first.get("message-id") or None,
        headers=headers,
        text=text,
        hidden="\n".join(walk.hidden),
        attachments=tuple(walk.attachments),
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
            return name in _AUTOMATIC_FIELDS and value not in _NO


@dataclass(frozen=True, slots=True)
class _Part:
    """A message or a part of one: its raw header fields, and its body as it was sent."""

    fields: list[tuple[str, str]]
    body: bytes
    content: Message = field(default_factory=Message)

    @property
    def type(self) -> str:
        return self.content.get_content_type()

    def parameter(self, header: str, name: str) -> str | None:
        """A parameter (RFC 2231), or None where it is missing or broken."""
        try:
            value = self.content.get_param(name, header=header)
            return None if value is None else collapse_rfc2231_value(value)
        except (TypeError, ValueError):  # the library's, for sections that are numbered in part
            return None

    @property
    def name(self) -> str | None:
        said = self.parameter("content-disposition", "filename")
        said = said or self.parameter("content-type", "name")
        return one_line(decoded_words(said)) or None if said else None

    @property
    def is_attachment(self) -> bool:
        return self.content.get_content_disposition() == "attachment" or self.name is not None

    def bytes(self) -> bytes:
        """The body without its transfer encoding (RFC 2045 section 6)."""
        self.content.set_payload(self.body.decode("ascii", "surrogateescape"))
        payload = self.content.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""


def _without_marks(raw: bytes) -> bytes:
    """One kind of line end, no byte order mark, no blank line before the first field."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return lines.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n")


def _part(raw: bytes) -> _Part:
    found = _HEAD.match(raw)
    head = found[0] if found else b""
    text = "".join(decoded(line) for line in head.splitlines(keepends=True))
    fields = [(match[1].lower(), match[2].strip()) for match in _FIELD.finditer(text)]
    body = raw[len(head) :]
    part = _Part(fields, body.removeprefix(b"\n"))
    for name, value in reversed(fields):
        if name.startswith("content-"):
            del part.content[name]
            part.content[name] = value[:_LONGEST_PARAMETERS].replace("\n", " ")
    return part


def _children(part: _Part) -> list[_Part]:
    """The parts of a multipart (RFC 2046 section 5.1.1), by whatever boundary it really has."""
    boundary = part.parameter("content-type", "boundary")
    declared = None if boundary is None else boundary.rstrip().encode("utf-8", "replace")
    pieces = [] if declared is None else _pieces(part.body, declared)
    if not pieces and (seen := _SOME_BOUNDARY.search(part.body)):
        pieces = _pieces(part.body, seen[1])
    return [_part(piece) for piece in pieces[:_MOST_PARTS]]


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    delimiter = re.compile(re.escape(b"--" + boundary) + rb"(--)?[ \t]*+(?:\n|\Z)")
    pieces: list[bytes] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if found.start() and body[found.start() - 1] != ord("\n"):
            continue
        if start is not None:
            pieces.append(body[start : max(start, found.start() - 1)])
        start = None if found[1] else found.end()
        if found[1]:
            break
    if start is not None:
        pieces.append(body[start:])
    return pieces


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str = ""
    plain: bool = True


@dataclass(slots=True)
class _Walk:
    """Goes through a message's parts and keeps what is found on the way."""

    hidden: list[str] = field(default_factory=list[str])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    parts: int = 0

    def read(self, part: _Part, depth: int = 0) -> _Reading:
        self.parts += 1
        if part.content.get_content_maintype() == "multipart" and depth < _DEEPEST:
            if children := _children(part):
                return self._together(part, children, depth + 1)
            return self._text(part)
        if part.type in _TEXTS and not part.is_attachment:
            return self._text(part)
        self.attachments.append(Attachment(part.name, part.type, len(part.bytes())))
        return _Reading()

    def _together(self, part: _Part, children: list[_Part], depth: int) -> _Reading:
        room = max(0, _MOST_PARTS - self.parts)
        read = [self.read(child, depth) for child in children[:room]]
        told = [reading for reading in read if reading.text]
        if part.type == "multipart/alternative" and told:
            return next((reading for reading in told if reading.plain), told[-1])
        text = "\n\n".join(reading.text for reading in told)
        return _Reading(text, all(reading.plain for reading in told))

    def _text(self, part: _Part) -> _Reading:
        data, charset = part.bytes(), part.parameter("content-type", "charset")
        if part.type == "text/html":
            meta = _META_CHARSET.search(data[:_META_WITHIN])
            page = html_to_text(readable(decoded(data, charset or (meta and meta[1].decode()))))
            self.hidden += [page.hidden] if page.hidden else []
            return _Reading(readable(page.text).strip("\n"), plain=False)
        text = readable(decoded(data, charset))
        if (part.parameter("content-type", "format") or "").lower() == "flowed":
            delete = (part.parameter("content-type", "delsp") or "").lower() == "yes"
            text = unflowed(text, delete_space=delete)
        text, files = without_uuencoded(text)
        self.attachments += [Attachment(name, "application/octet-stream", n) for name, n in files]
        return _Reading(text.strip("\n") if text.strip() else "")


def _sender(value: str) -> str | None:
    """The addresses, each with its name; the text itself where no address is found."""
    value = _Q_WORD.sub(_masked, one_line(value)[:_LONGEST_ADDRESSES])
    addresses = getaddresses([value]) if value.count("(") <= _MOST_COMMENTS else []
    authors = [
        f"{one_line(decoded_words(name))} <{address}>" if name else address
        for name, address in addresses
        if "@" in address
    ]
    return ", ".join(authors) or one_line(decoded_words(value)) or None


def _masked(word: re.Match[str]) -> str:
    """An encoded word without what has a meaning in addresses; many mailers forget it."""
    return _SPECIAL.sub(lambda found: f"={ord(found[0]):02X}", word[0])


def _date(value: str) -> datetime | None:
    """A date (RFC 5322 section 3.3); ``-0000``, which tells no offset, is UTC."""
    try:
        date = parsedate_to_datetime(value[:100])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
