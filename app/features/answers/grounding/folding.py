"""Texts folded so that typographic equals are equal, with the place of each character kept."""

import unicodedata
from dataclasses import dataclass
from typing import Final

_EQUALS: Final = {
    ord(char): equal
    for equal, chars in {
        "'": "‘’‚‛′`´ʼ＇",
        '"': "“”„‟«»″＂「」『』",
        "-": "‐‑‒–—―−﹣－",
    }.items()
    for char in chars
}
_UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text.

    Attributes:
        text: the folded text.
        origins: for each of its characters, the place of the one it comes from.
    """

    text: str
    origins: list[int]

    def places(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of the folded text, as one of the original."""
        return self.origins[start], self.origins[end - 1] + 1


def folded(text: str) -> Folded:
    """A text with single spaces, straight quotes, plain dashes and decomposed letters."""
    chars: list[str] = []
    origins: list[int] = []
    for place, char in enumerate(text):
        if char in _UNSEEN:
            continue
        if char.isspace():
            if chars and chars[-1] == " ":
                continue
            plain = " "
        else:
            plain = _EQUALS.get(ord(char)) or _decomposed(char)
        chars.extend(plain)
        origins.extend([place] * len(plain))
    return Folded("".join(chars), origins)


def _decomposed(char: str) -> str:
    """A letter in its parts; of "½" and "²" the parts would be other numbers."""
    if char.isascii() or not char.isalpha():
        return char
    return unicodedata.normalize("NFKD", char)
