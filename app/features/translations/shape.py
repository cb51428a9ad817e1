"""A translation in its text's own shape: how it begins and ends."""

import unicodedata
from typing import Final

_ENDS: Final = ".!?\N{HORIZONTAL ELLIPSIS}"


def in_the_shape_of(text: str, translation: str) -> str:
    """The translation with the text's first case and the same punctuation at the end, or none.

    White space at the ends is kept as it is.
    """
    bare = translation.strip()
    if not bare or not text.strip():
        return translation
    shaped = _cased_like(text.strip(), _ended_like(text.strip(), bare))
    return translation.replace(bare, shaped)


def _cased_like(text: str, translation: str) -> str:
    first, rest = translation[0], translation[1:]
    if text[0].islower():
        return first.lower() + rest
    return (first.upper() if text[0].isupper() else first) + rest


def _ended_like(text: str, translation: str) -> str:
    """Full-width marks count as the ordinary ones, so that each language keeps its own."""
    if _end(text) == _end(translation):
        return translation
    return translation.rstrip(_ENDS + "\u3002\uff01\uff1f ") + _end(text)


def _end(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[-1:]).replace("\u3002", ".")
    if text[-1:] == "\N{HORIZONTAL ELLIPSIS}":
        return text[-1:]
    return folded if folded in _ENDS else ""
