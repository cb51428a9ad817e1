"""DeepL's API for DeepL's clients, as far as it translates texts.

Reference: https://developers.deepl.com/docs/api-reference/translate
"""

from typing import Final, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.features.translations.dropin.forms import FormFields, form_too, route_with
from app.features.translations.schemas import LanguageCode, TranslationRequest
from app.features.translations.translating import translate
from app.features.wire import Output, examples
from app.languages import FORMAL, NAMES, base
from app.web.deps import GatewayDep, VocabularyDep
from app.web.problems import PROBLEMS

_FLAGS: Final = {"0": False, "false": False, "1": True, "true": True}
_FORM: Final[FormFields] = {
    "text": list,
    "custom_instructions": list,
    "ignore_tags": lambda values: [
        tag for value in values for part in value.split(",") if (tag := part.strip())
    ],
    "preserve_formatting": lambda values: _FLAGS.get(values[-1], values[-1]),
}

router = APIRouter(
    prefix="/v2", tags=["deepl"], responses=PROBLEMS, route_class=route_with("message", _FORM)
)


class DeepLRequest(TranslationRequest):
    """A request as DeepL takes it; what is not understood here is ignored, as there."""

    model_config = examples({"text": ["Das Produkt ist sehr gut."], "target_lang": "EN-GB"}) | (
        ConfigDict(extra="ignore")
    )

    target_lang: LanguageCode = Field(description="Language to translate into.")


class DeepLTranslation(Output):
    """One text, translated."""

    detected_source_language: str
    text: str
    billed_characters: int


class DeepLResponse(Output):
    """The translations in the order of the texts."""

    translations: list[DeepLTranslation]


class DeepLLanguage(Output):
    """A language."""

    language: str
    name: str
    supports_formality: bool


@router.post(
    "/translate", summary="Translate, for DeepL's clients", openapi_extra=form_too("DeepLRequest")
)
async def deepl_translate(
    request: DeepLRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> DeepLResponse:
    """What `/translations` does, in DeepL's form; the request fails when one of its texts does."""
    made = await translate(request, gateway, vocabulary, strict=True)
    return DeepLResponse(
        translations=[
            DeepLTranslation(
                detected_source_language=translation.detected_source_language or "",
                text=translation.text or "",
                billed_characters=translation.billed_characters,
            )
            for translation in made.translations
        ]
    )


@router.get("/languages", summary="List the languages, for DeepL's clients")
async def deepl_languages(
    type: Literal["source", "target"] = "source",  # noqa: A002 # DeepL's name
) -> list[DeepLLanguage]:
    """The languages to translate from or into; those with a region are targets alone."""
    return [
        DeepLLanguage(language=code, name=name, supports_formality=base(code) in FORMAL)
        for code, name in NAMES.items()
        if type == "target" or "-" not in code
    ]
