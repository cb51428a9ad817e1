"""LibreTranslate's API for its clients.

Reference: https://docs.libretranslate.com
"""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.deps import GatewayDep, VocabularyDep
from app.detection import UNKNOWN, detect_scored
from app.features.languages import NAMES
from app.features.translations.dropin.common import (
    form_too,
    request_of,
    route_with,
    tag_of,
    translate_all,
)
from app.features.translations.router import FEATURE
from app.features.translations.schemas import LanguageCode
from app.features.wire import RequestModel, ResponseModel, example
from app.problems import PROBLEMS

router = APIRouter(tags=["libretranslate"], responses=PROBLEMS, route_class=route_with("error"))


def _auto(source: object) -> object:
    return None if source == "auto" else source


_Source = Annotated[
    LanguageCode | None,
    BeforeValidator(_auto),
    WithJsonSchema({"anyOf": [{"type": "string", "enum": ["auto", *NAMES]}, {"type": "null"}]}),
]


class LibreRequest(RequestModel):
    """A request as LibreTranslate takes it."""

    model_config = example(q="Das Produkt ist sehr gut.", source="auto", target="en") | ConfigDict(
        extra="ignore"
    )

    q: str | Annotated[list[str], Field(min_length=1, max_length=50)] = Field(
        description="The text, or a list of texts."
    )
    source: _Source = Field(default=None, description="Language of the text, or `auto`.")
    target: LanguageCode = Field(description="Language to translate into.")
    format: Literal["text", "html"] = Field(default="text", description="Whether it has tags.")


class LibreText(RequestModel):
    """A text whose language is to be told."""

    model_config = example(q="Das Produkt ist sehr gut.") | ConfigDict(extra="ignore")

    q: Annotated[str, StringConstraints(max_length=100_000)] = Field(description="The text.")


class LibreDetection(ResponseModel):
    """A language that a text may be in."""

    confidence: float = Field(description="How sure that is, in percent.")
    language: str


class LibreTranslation(ResponseModel):
    """The translation of `q`: a text or a list, as `q` is."""

    translatedText: str | list[str]  # noqa: N815 # LibreTranslate's name
    detectedLanguage: LibreDetection | list[LibreDetection] | None = Field(  # noqa: N815
        description="The language of each text; null when `source` was given."
    )


class LibreLanguage(ResponseModel):
    """A language, and what it can be translated into."""

    code: str
    name: str
    targets: list[str]


@router.post(
    "/translate",
    summary="Translate, for LibreTranslate's clients",
    openapi_extra=form_too("LibreRequest"),
)
async def libre_translate(
    request: LibreRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> LibreTranslation:
    """What `/translations` does, in LibreTranslate's form."""
    texts = [request.q] if isinstance(request.q, str) else request.q
    asked = request_of(
        {"text": "q"},
        text=texts,
        target_lang=request.target,
        source_lang=request.source,
        tag_handling="html" if request.format == "html" else None,
    )
    made = await translate_all(FEATURE, asked, gateway, vocabulary)
    written = [translation.text or "" for translation in made]
    found = [
        LibreDetection(
            confidence=round(100 * (translation.detection_score or 0), 1),
            language=tag_of(translation.detected_source_language or UNKNOWN),
        )
        for translation in made
    ]
    alone = isinstance(request.q, str)
    detected = found[0] if alone else found
    return LibreTranslation(
        translatedText=written[0] if alone else written,
        detectedLanguage=None if request.source else detected,
    )


@router.post(
    "/detect",
    summary="Tell the language, for LibreTranslate's clients",
    openapi_extra=form_too("LibreText"),
)
async def libre_detect(request: LibreText) -> list[LibreDetection]:
    """The language that a text is in; an empty list when nothing tells."""
    found = detect_scored(request.q)
    if found.code == UNKNOWN:
        return []
    confidence = round(100 * found.score, 1)
    return [LibreDetection(confidence=confidence, language=tag_of(found.code))]


@router.get("/languages", summary="List the languages, for LibreTranslate's clients")
async def libre_languages() -> list[LibreLanguage]:
    """The languages, each of which can be translated into all others."""
    tags = {tag_of(code): name for code, name in NAMES.items()}
    return [LibreLanguage(code=tag, name=name, targets=list(tags)) for tag, name in tags.items()]
