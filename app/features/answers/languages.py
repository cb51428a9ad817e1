"""The question's language, and the way between it and that of the documents."""

from dataclasses import dataclass
from typing import Final

from app.detection import detect_scored
from app.features import translations
from app.features.languages import NAMES, base
from app.features.translations.schemas import TranslationRequest
from app.features.translations.translating import translate
from app.gateway import ModelGateway, Usage
from app.vocabulary import Vocabulary

_SURE: Final = 0.6  # the detector's score; it is half a guess for a few words
_NO_VOCABULARY: Final = Vocabulary()


@dataclass(frozen=True, slots=True)
class Translated:
    """A text in another language.

    Attributes:
        text: the translation.
        is_faithful: whether its numbers, names and the like are those of the source.
        usage: tokens spent.
    """

    text: str
    is_faithful: bool
    usage: Usage


def language_of(text: str, likely: str) -> str:
    """Code of the text's language: the likely one, where the detector is not sure of another."""
    found = detect_scored(text)
    code = base(found.code)
    return code if found.score >= _SURE and code in NAMES else likely


async def translated(text: str, source: str, target: str, gateway: ModelGateway) -> Translated:
    """A text in another language, by the feature that translates reviews.

    Raises:
        GroundworkError: what the gateway raises.
    """
    request = TranslationRequest(text=[text], source_lang=source, target_lang=target)
    made = await translate(translations.FEATURE, request, gateway, _NO_VOCABULARY, strict=True)
    translation = made.translations[0]
    usage = Usage(made.usage.input_tokens, made.usage.output_tokens, made.usage.cached_input_tokens)
    return Translated(
        translation.text or text, all(check.kept for check in translation.checks), usage
    )
