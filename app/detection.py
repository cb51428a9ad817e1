"""Which language a text is in, by CLD2, the detector that Chrome had: 10 µs for an email.

Measured on our own cases and their beginnings, it errs less than lingua's low-accuracy mode on
short texts (4 words: 2.5 % to 13.5 %), at a fraction of the time and memory.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

UNKNOWN: Final = "UNKNOWN"

_CLD2: Final[Any] = import_module("pycld2")  # it has no types

_ENOUGH: Final = 2_000  # characters
_OTHER_CODES: Final = {"un": UNKNOWN, "iw": "HE", "jw": "JV", "no": "NB", "nn": "NB"}


@dataclass(frozen=True, slots=True)
class Detection:
    """A language and how sure the detector is.

    Attributes:
        code: ISO 639-1, capitals, with a script where there are two (``ZH``, ``ZH-HANT``).
        score: the share of the text that is in the language, 0 to 1; half of it where the
            detector calls its own result unreliable.
    """

    code: str
    score: float


def detect(text: str) -> str:
    """Code of the text's language (ISO 639-1, capitals), or ``UNKNOWN``."""
    return detect_scored(text).code.partition("-")[0]


def detect_scored(text: str) -> Detection:
    """The text's language; ``UNKNOWN`` with 0 where nothing tells."""
    text = text[:_ENOUGH]
    try:
        found = _CLD2.detect(text, bestEffort=True)
    except (_CLD2.error, UnicodeEncodeError):  # it takes no control characters
        readable = "".join(char if char.isprintable() else " " for char in text)
        found = _CLD2.detect(readable, bestEffort=True)
    reliable: bool = found[0]
    code: str = found[2][0][1]
    percent: int = found[2][0][2]
    known = _OTHER_CODES.get(code, code.upper())
    return Detection(known, 0 if known == UNKNOWN else percent / (100 if reliable else 200))
