"""Which language a text is in, by CLD2, the detector that Chrome had: 10 µs for an email.

Measured on our own cases and their beginnings, it errs less than lingua's low-accuracy mode on
short texts (4 words: 2.5 % to 13.5 %), at a fraction of the time and memory.
"""

from importlib import import_module
from typing import Any, Final

UNKNOWN: Final = "UNKNOWN"

_CLD2: Final[Any] = import_module("pycld2")  # it has no types

_ENOUGH: Final = 2_000  # characters
_OTHER_CODES: Final = {"un": UNKNOWN, "iw": "HE", "jw": "JV", "no": "NB", "nn": "NB"}


def detect(text: str) -> str:
    """Code of the text's language (ISO 639-1, capitals), or ``UNKNOWN``."""
    text = text[:_ENOUGH]
    try:
        found = _CLD2.detect(text, bestEffort=True)
    except (_CLD2.error, UnicodeEncodeError):  # it takes no control characters
        readable = "".join(char if char.isprintable() else " " for char in text)
        found = _CLD2.detect(readable, bestEffort=True)
    code: str = found[2][0][1]
    return _OTHER_CODES.get(code, code.partition("-")[0].upper())
