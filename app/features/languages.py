"""The languages that features know, by the codes that DeepL's users know."""

from functools import lru_cache
from typing import Final

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

_SAME_ENOUGH: Final = 9  # langcodes' distance of two tags: a region apart, not a language


def base(code: str) -> str:
    """A code without its region: ``EN`` for ``EN-GB``."""
    return code.partition("-")[0]


@lru_cache(maxsize=1024)
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
