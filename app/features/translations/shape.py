"""A translation in its text's own shape: how it begins and ends."""

import re
from typing import Any, Final

import regex

_FIRST: Final = re.compile(r"(?:</?\d+/?>|\s)*+(.)")  # what is in no mark
_LAST: Final = regex.compile(r"(?r)([.!?…。！？ ]*+)((?:</?\d+/?>|\s)*+)\Z")  # read from its end
_ALIKE: Final = str.maketrans("。！？", ".!?")  # so that each language keeps its own


def in_the_shape_of(text: str, translation: str) -> str:
    """The translation with the text's first case and the same punctuation at the end, or none."""
    here, there = _FIRST.match(text), _FIRST.match(translation)
    if here and there:
        case = str.lower if here[1].islower() else str.upper if here[1].isupper() else str
        at = there.start(1)
        translation = translation[:at] + case(translation[at]) + translation[at + 1 :]
    mark = _end(text)
    if mark == _end(translation):
        return translation
    last: Any = _LAST.search(translation)
    return translation[: last.start()] + mark + last[2]


def _end(text: str) -> str:
    last: Any = _LAST.search(text)
    return last[1].strip()[-1:].translate(_ALIKE)
