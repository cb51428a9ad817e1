"""The wire of ``/translations``."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.features.languages import NAMES
from app.features.wire import ModelInfo, Passage, RequestModel, ResponseModel, example
from app.problems import Problem

MOST_TEXTS = 50


def _upper(code: object) -> object:
    return code.upper() if isinstance(code, str) else code


def _known(code: str) -> str:
    if code not in NAMES:
        msg = f"must be one of {', '.join(NAMES)}"
        raise ValueError(msg)
    return code


LanguageCode = Annotated[
    str,
    BeforeValidator(_upper),
    StringConstraints(max_length=10),
    AfterValidator(_known),
    Field(json_schema_extra={"enum": list(NAMES)}),
]


class TranslationUnit(RequestModel):
    """One text to translate: what the model sees of a request."""

    text: Passage
    target_lang: LanguageCode


class TranslationRequest(RequestModel):
    """Texts to translate; each is translated for itself."""

    model_config = example(
        text=["Das Produkt ist sehr gut.", "Le câble est trop court."], target_lang="EN"
    )

    text: Annotated[list[Passage], Field(min_length=1, max_length=MOST_TEXTS)] = Field(
        description="The texts."
    )
    target_lang: LanguageCode = Field(default="EN", description="Language to translate into.")
    source_lang: LanguageCode | None = Field(
        default=None, description="Language of the texts; detected for each when not given."
    )


class Translation(ResponseModel):
    """One text, translated."""

    text: str = Field(description="The translation.")
    detected_source_language: str = Field(
        description="Language of the text, as given or as detected."
    )


class Translations(ModelInfo):
    """The translations in the order of the texts, and which model made them."""

    translations: list[Translation]


class TranslationDelta(ResponseModel):
    """A piece of one translation."""

    type: Literal["delta"]
    index: int = Field(description="Which of the request's texts, from 0.")
    text: str = Field(description="Text to append to that translation.")


class TranslationCompleted(ResponseModel):
    """The end of a stream that went well."""

    type: Literal["completed"]
    result: Translations = Field(description="All translations, whole.")


class TranslationFailed(ResponseModel):
    """The end of a stream that failed."""

    type: Literal["failed"]
    problem: Problem
