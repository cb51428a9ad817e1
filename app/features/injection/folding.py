"""A hostile text as a reader sees it: disguises taken off, offsets kept."""

import re
from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import category, normalize

_SPECIAL: Final = re.compile(
    r"&#\d{1,7};|&#[xX][0-9a-fA-F]{1,6};|%[2-7][0-9a-fA-F]|\\u00[0-7][0-9a-fA-F]|[^\x00-\x7f]"
)
_UNDECOMPOSED: Final = {"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae"}
_TAGS: Final = range(0xE0000, 0xE0080)  # Unicode's invisible copy of ASCII
_LOOKALIKES: Final = str.maketrans(
    "аеорсхуіјѕһԁкмтнвгηοαρυικνετ", "aeopcxyijshdkmthbrnoapuikvet"
)  # Cyrillic, then Greek
_LATIN: Final = re.compile(r"[a-z]")
_LETTERS_APART: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*|/]{1,3}){7,}[^\W\d_](?![^\W_])")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text without case, accents, invisible characters and other disguises.

    Attributes:
        text: what is left.
        offsets: where in the original each character of it comes from, and last, its length.
    """

    text: str
    offsets: "array[int]"

    def mirrored(self) -> "Folded":
        """The same text from its end to its beginning."""
        return Folded(self.text[::-1], array("q", [*reversed(self.offsets[:-1]), 0]))


def fold(text: str) -> Folded:
    """Take the disguises off a text, in linear time."""
    parts: list[str] = []
    offsets = array("q")
    at = 0
    for found in _SPECIAL.finditer(text):
        start, end = found.span()
        if at < start:
            parts.append(text[at:start].lower())
            offsets.extend(range(at, start))
        plain = _plain(found[0])
        parts.append(plain)
        offsets.extend([start] * len(plain))
        at = end
    parts.append(text[at:].lower())
    offsets.extend(range(at, len(text) + 1))
    return Folded("".join(parts), offsets)


def fold_word(word: str) -> str:
    """A word as it is compared."""
    return fold(word).text


def unmixed(word: str) -> str:
    """A folded word in Latin letters, where it mixes them with their lookalikes."""
    if word.isascii() or not _LATIN.search(word):
        return word
    return word.translate(_LOOKALIKES)


def letters_apart(text: str) -> list[tuple[int, int]]:
    """Where a folded text spells words letter by letter: "i g n o r e", "r.u.l.e.s"."""
    return [found.span() for found in _LETTERS_APART.finditer(text)]


@lru_cache(maxsize=4_096)
def _plain(char: str) -> str:
    if len(char) > 1:
        return _plain_text(_decoded(char))
    if ord(char) in _TAGS:
        return chr(ord(char) - _TAGS.start).lower() if ord(char) >= _TAGS.start + 32 else ""
    return _plain_text(char)


def _decoded(escape: str) -> str:
    digits = escape.strip("&#;%\\u")
    sixteen = escape[0] != "&" or digits[0] in "xX"
    code = int(digits.lstrip("xX"), 16 if sixteen else 10)
    return chr(code) if code < 0x110000 else ""


def _plain_text(text: str) -> str:
    decomposed = normalize("NFKD", text).casefold()
    kept = [char for char in decomposed if category(char) not in {"Mn", "Me", "Cf"}]
    return "".join(_UNDECOMPOSED.get(char, char) for char in kept)
