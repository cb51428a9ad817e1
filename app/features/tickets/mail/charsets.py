"""Bytes of an email into text: its declared charset, else what they can be."""

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final

_BETTER: Final = {  # what senders mean, https://encoding.spec.whatwg.org/#names-and-labels
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_NO_CHARSETS: Final = frozenset(  # Python's own encodings; some are quadratic
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
)
_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# At most 64 words at once, since the library is quadratic in them.
_WORDS: Final = re.compile(
    r"(?:=\?[^?\s]++\?[bq]\?[^?\n]*+\?=(?:\s++(?==\?))?+){1,64}+", re.IGNORECASE
)


def decoded(data: bytes, charset: str | None = None) -> str:
    """Text of bytes: by their byte order mark, else as declared, as UTF-8 or as Windows-1252.

    A charset that does not fit everywhere is taken where it fits nearly everywhere.
    """
    names = [name for name in (_marked(data), _known(charset), "utf-8") if name]
    for name in names:
        try:
            return data.decode(name).removeprefix("\ufeff")
        except ValueError:
            continue
    readings = (data.decode(name, "replace") for name in names)
    return next(filter(_fits, readings), None) or data.decode("cp1252", "replace")


def _fits(text: str) -> bool:
    """No more characters are broken than, outside of ASCII, are whole."""
    special = len(text) - len(text.encode("ascii", "ignore"))
    return 2 * text.count("\N{REPLACEMENT CHARACTER}") <= special


def decoded_words(value: str) -> str:
    """A header field's value with its encoded words (RFC 2047) decoded; broken ones stay."""
    return _WORDS.sub(lambda found: _decoded_run(found[0]), value) if "=?" in value else value


def _decoded_run(words: str) -> str:
    try:
        pieces = decode_header(words)
    except (HeaderParseError, ValueError):
        return words
    return "".join(
        decoded(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces
    )


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)


def _known(charset: str | None) -> str | None:
    try:
        name = codecs.lookup((charset or "").strip()[:40]).name
        "".encode(name)
    except (LookupError, ValueError):
        return None
    return None if name in _NO_CHARSETS else _BETTER.get(name, name)
