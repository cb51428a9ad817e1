"""The wire of ``/translations``."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.errors import (
    FormalityUnsupported,
    GlossaryInvalid,
    LanguageUnknown,
    TextTooLong,
    field_error,
)
from app.features.translations.markup import Kind
from app.features.wire import CheckResult, Delta, Line, ModelInfo, Output, Request, examples, few
from app.languages import FORMAL, NAMES, base, known
from app.web.problems import Problem

MOST_TEXTS: Final = 50
MOST_BYTES: Final = 131_072  # of all texts together, as DeepL's
MOST_TERMS: Final = 1_000
LARGEST_GLOSSARY: Final = 100_000  # characters of all terms together
_MOST_TAGS: Final = 100
_MOST_WISHES: Final = 10
_LONGEST_TAG: Final = 35  # characters, by RFC 5646, section 4.4.1

Formality = Literal["default", "more", "less", "prefer_more", "prefer_less"]


def _code_of(tag: str) -> str:
    code = known(tag) if len(tag) <= _LONGEST_TAG else None
    if code is None:
        raise field_error(LanguageUnknown, f"Must be one of {', '.join(NAMES)}.")
    return code


LanguageCode = Annotated[
    str, AfterValidator(_code_of), Field(json_schema_extra={"enum": list(NAMES)})
]


def _of_some_use(terms: dict[str, str]) -> dict[str, str]:
    if any(not (source.strip() and target.strip()) for source, target in terms.items()):
        raise field_error(GlossaryInvalid, "Both sides of a term must not be blank.")
    if len({source.casefold().strip() for source in terms}) < len(terms):
        raise field_error(GlossaryInvalid, "A term may stand in it only once.")
    size = sum(len(source) + len(target) for source, target in terms.items())
    if size > LARGEST_GLOSSARY:
        detail = f"May have at most {LARGEST_GLOSSARY} characters together, not {size}."
        raise field_error(GlossaryInvalid, detail)
    return terms


def _bounded(texts: list[str]) -> list[str]:
    size = sum(len(text.encode(errors="surrogatepass")) for text in texts)
    if size > MOST_BYTES:
        detail = f"May have at most {MOST_BYTES} bytes together, not {size}."
        raise field_error(TextTooLong, detail)
    return texts


_Term = Annotated[str, Field(max_length=1_000)]
_Terms = Annotated[
    dict[_Term, _Term],
    Field(max_length=MOST_TERMS),
    AfterValidator(_of_some_use),
    few(MOST_TERMS, GlossaryInvalid),
]
_Tag = Annotated[str, Field(min_length=1, max_length=100)]
OneText = Annotated[str, Field(max_length=MOST_BYTES)]
Texts = Annotated[
    list[OneText], Field(min_length=1, max_length=MOST_TEXTS), AfterValidator(_bounded)
]


class TranslationRequest(Request):
    """Texts to translate; each is translated for itself."""

    model_config = examples(
        {"text": ["Das Produkt ist sehr gut.", "La livraison a été rapide."], "target_lang": "EN"},
        {
            "text": ["Hello {name}, your 2 lamps arrive on Monday: https://lumo.example/track"],
            "target_lang": "DE",
        },
        {
            "text": ["<p>Die Lampe ist <b>sehr schön</b> und das Licht ist warm.</p>"],
            "target_lang": "EN",
            "tag_handling": "html",
        },
    )

    text: Texts = Field(description=f"The texts, together at most {MOST_BYTES} bytes of UTF-8.")
    target_lang: LanguageCode = Field(
        default="EN",
        description="Language to translate into: DeepL's codes; any other BCP 47 tag, such as "
        "`de-AT`, is read as the nearest of them.",
    )
    source_lang: LanguageCode | None = Field(
        default=None, description="Language of the texts; detected for each when not given."
    )
    context: Annotated[str, Field(max_length=10_000)] | None = Field(
        default=None, description="What helps to understand the texts; it is not translated."
    )
    formality: Formality = Field(
        default="default",
        description="How to address the reader, for "
        f"{', '.join(sorted(FORMAL))}; `prefer_…` is ignored for other languages.",
    )
    preserve_formatting: bool = Field(
        default=False,
        strict=True,
        description="Keep the first letter's case and the punctuation at the end as they are.",
    )
    tag_handling: Kind | None = Field(
        default=None,
        description="Translate what is said between the tags; they come back as they are.",
    )
    ignore_tags: Annotated[tuple[_Tag, ...], Field(max_length=_MOST_TAGS), few(_MOST_TAGS)] = Field(
        default=(), description="Names of tags whose content is not translated."
    )
    glossary: _Terms = Field(
        default_factory=dict[str, str],  # a default would be copied deeply for each request
        json_schema_extra={"default": {}},
        description="Terms and what each has to become.",
    )
    glossary_id: Line | None = Field(
        default=None,
        description="Name of a glossary of the operator's; `glossary` has the last word.",
    )
    custom_instructions: Annotated[
        tuple[Line, ...], Field(max_length=_MOST_WISHES), few(_MOST_WISHES)
    ] = Field(default=(), description="Further wishes, such as `Keep it short`.")

    @field_validator("formality")
    @classmethod
    def _known_to_the_language(cls, formality: Formality, info: ValidationInfo) -> Formality:
        target = base(info.data.get("target_lang", "DE"))
        if formality in ("more", "less") and target not in FORMAL:
            detail = f"{target} has none; use prefer_{formality} to ask for it where there is one."
            raise field_error(FormalityUnsupported, detail)
        return formality


class Translation(Output):
    """What became of one text."""

    text: str | None = Field(description="The translation; null when there is a `problem`.")
    detected_source_language: str | None = Field(
        description="Language of the text, as given or as detected; null when nothing tells."
    )
    detection_score: float | None = Field(
        description="How sure the detection is: the share of the text that is in that language, "
        "halved where the detector finds it unreliable; null when the language was given."
    )
    billed_characters: int = Field(description="Characters of the text, if it was translated.")
    checks: list[CheckResult] = Field(
        description="What was compared; a check with `kept: false` needs a human's eye. `numbers` "
        "may differ in a good translation: `halb acht` is 7:30."
    )
    repaired: bool = Field(description="Whether the model was asked to put something right.")
    problem: Problem | None = Field(description="Why this text alone was not translated.")


class TranslationResult(ModelInfo):
    """The translations in the order of the texts, and which model made them."""

    translations: list[Translation]


class Language(Output):
    """A language that can be translated from and into."""

    code: str = Field(description="The code.")
    name: str = Field(description="The English name.")
    supports_formality: bool = Field(description="Whether `formality` makes a difference.")


class TranslationDelta(Delta):
    """A piece of one translation, not yet checked."""

    index: int = Field(description="Which of the request's texts, from 0.")
