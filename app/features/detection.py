"""Which language a text is in."""

from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

from app.features.languages import NAMES

UNKNOWN = "UNKNOWN"

_ENOUGH = 2_000  # characters


@cache
def _detector() -> LanguageDetector:
    codes = [getattr(IsoCode639_1, code) for code in NAMES if "-" not in code]
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
    return builder.with_low_accuracy_mode().build()  # 36 MB and not 640


def detect(text: str) -> str:
    """Code of the text's language, or ``UNKNOWN`` where there is nothing to go by."""
    language = _detector().detect_language_of(text[:_ENOUGH])
    return language.iso_code_639_1.name if language else UNKNOWN


def warm_up() -> None:
    """Load what detection needs, about 0.3 s of work, before the first request does."""
    detect("Language detection loads its models when it is first asked.")
