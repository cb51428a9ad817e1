"""Bytes of a text file into text.

Detectors were tried: charset-normalizer calls a German sentence in Windows-1252 Big5, and a Greek
page Mac Cyrillic. What is not UTF-8 and declares nothing is read as Windows-1252, the commonest.
"""

import codecs
from typing import Final

from app.knowledge.reading.blocks import Unreadable

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BETTER: Final = {  # what authors mean, https://encoding.spec.whatwg.org/#names-and-labels
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_NO_CHARSETS: Final = frozenset(  # not of a file that could be read so far; Python's own
    {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
    | {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}
)


def decoded(data: bytes, declared: str = "") -> str:
    """Text of bytes: by their byte order mark, as declared, as UTF-8, else as Windows-1252.

    Args:
        data: the whole file.
        declared: name of the charset that its first lines tell.

    Raises:
        Unreadable: these are not bytes of a text.
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return data.decode(name, "replace")
    if b"\0" in data:
        raise Unreadable("it is not text")
    for name in filter(None, (_known(declared), "utf-8")):
        try:
            return data.decode(name)
        except (ValueError, LookupError):  # the latter of codecs that are not for text
            continue
    return data.decode("cp1252", "replace")


def _known(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if found in _NO_CHARSETS else _BETTER.get(found, found)
