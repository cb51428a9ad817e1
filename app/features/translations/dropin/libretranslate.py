"""LibreTranslate's API for its clients.

Reference: https://docs.libretranslate.com
"""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

from app.features.translations.dropin.forms import form_too, route_with
from app.features.translations.schemas import (
    LanguageCode,
    OneText,
    Texts,
    TranslationRequest,
    bounded,
)
from app.features.translations.translating import translate
from app.features.wire import Output, Request, examples
from app.languages import NAMES, UNKNOWN, detect_scored
from app.web.deps import GatewayDep, VocabularyDep
from app.web.problems import PROBLEMS

router = APIRouter(tags=["libretranslate"], responses=PROBLEMS, route_class=route_with("error"))

_One = Annotated[OneText, AfterValidator(lambda text: bounded([text])[0])]
_OneOrMany = Annotated[
    Annotated[_One, Tag("one")] | Annotated[Texts, Tag("many")],
    Discriminator(lambda value: "one" if isinstance(value, str) else "many"),
]
_Source = Annotated[
    LanguageCode | None,
    BeforeValidator(lambda source: None if source == "auto" else source),
    WithJsonSchema({"anyOf": [{"type": "string", "enum": ["auto", *NAMES]}, {"type": "null"}]}),
]
_EXAMPLE = "Das Produkt ist sehr gut."


class LibreRequest(Request):
    """A request as LibreTranslate takes it."""

    model_config = examples({"q": _EXAMPLE, "source": "auto", "target": "en"}) | ConfigDict(
        extra="ignore"
    )

    q: _OneOrMany = Field(description="The text, or a list of texts.")
    source: _Source = Field(default=None, description="Language of the text, or `auto`.")
    target: LanguageCode = Field(description="Language to translate into.")
    format: Literal["text", "html"] = Field(default="text", description="Whether it has tags.")


class LibreText(Request):
    """A text whose language is to be told."""

    model_config = examples({"q": _EXAMPLE}) | ConfigDict(extra="ignore")

    q: Annotated[str, StringConstraints(max_length=100_000)] = Field(description="The text.")


class LibreDetection(Output):
    """A language that a text may be in."""

    confidence: float = Field(description="How sure that is, in percent.")
    language: str


class LibreTranslation(Output):
    """The translation of `q`: a text or a list, as `q` is."""

    translatedText: str | list[str]  # noqa: N815 # LibreTranslate's name
    detectedLanguage: LibreDetection | list[LibreDetection] | None = Field(  # noqa: N815
        description="The language of each text; null when `source` was given."
    )


class LibreLanguage(Output):
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
    alone = isinstance(request.q, str)
    asked = TranslationRequest.model_construct(
        text=[request.q] if alone else request.q,
        target_lang=request.target,
        source_lang=request.source,
        tag_handling="html" if request.format == "html" else None,
    )
    made = (await translate(asked, gateway, vocabulary, strict=True)).translations
    written = [translation.text or "" for translation in made]
    found = [_detection(t.detected_source_language or UNKNOWN, t.detection_score) for t in made]
    return LibreTranslation(
        translatedText=written[0] if alone else written,
        detectedLanguage=None if request.source else found[0] if alone else found,
    )


@router.post(
    "/detect",
    summary="Tell the language, for LibreTranslate's clients",
    openapi_extra=form_too("LibreText"),
)
async def libre_detect(request: LibreText) -> list[LibreDetection]:
    """The language that a text is in; an empty list when nothing tells."""
    found = detect_scored(request.q)
    return [] if found.code == UNKNOWN else [_detection(found.code, found.score)]


@router.get("/languages", summary="List the languages, for LibreTranslate's clients")
async def libre_languages() -> list[LibreLanguage]:
    """The languages, each of which can be translated into all others."""
    tags = {_tag_of(code): name for code, name in NAMES.items()}
    return [LibreLanguage(code=tag, name=name, targets=list(tags)) for tag, name in tags.items()]


def _detection(code: str, score: float | None) -> LibreDetection:
    return LibreDetection(confidence=round(100 * (score or 0), 1), language=_tag_of(code))


def _tag_of(code: str) -> str:
    """A code of ours as BCP 47 writes it: ``en-GB``, ``zh-Hant``."""
    language, _, rest = code.partition("-")
    rest = rest.title() if len(rest) == len("Hant") else rest
    return "-".join(filter(None, (language.lower(), rest)))
