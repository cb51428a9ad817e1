"""A translation in its text's own shape: how it begins and ends."""

import re
import unicodedata
from typing import Final

_FIRST: Final = re.compile(r"(?:</?\d+/?>|\s)*+(.)")  # what is in no mark
_LAST: Final = re.compile(r"([.!?…。！？ ]*+)((?:</?\d+/?>|\s)*+)\Z")


def in_the_shape_of(text: str, translation: str) -> str:
    """The translation with the text's first case and the same punctuation at the end, or none.

    Full-width marks count as the ordinary ones, so that each language keeps its own.
    """
    here, there = _FIRST.match(text), _FIRST.match(translation)
    if here and there:
        case = str.lower if here[1].islower() else str.upper if here[1].isupper() else str
        at = there.start(1)
        translation = translation[:at] + case(translation[at]) + translation[at + 1 :]
    mark = _end(text)
    if mark == _end(translation):
        return translation
    return _LAST.sub(lambda last: mark + last[2], translation, count=1)


def _end(text: str) -> str:
    last = _LAST.search(text)
    mark = last[1].strip()[-1:] if last else ""
    return mark if mark == "…" else unicodedata.normalize("NFKC", mark).replace("。", ".")
