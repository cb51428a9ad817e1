"""The same translations for clients of DeepL's and LibreTranslate's APIs.

References: https://developers.deepl.com/docs/api-reference/translate, https://docs.libretranslate.com
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from langcodes import Language
from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import to_json

from app.errors import GroundworkError
from app.features.routes import Borrowed, KeyInside
from app.features.translations.schemas import LanguageCode, OneText, Texts, TranslationRequest
from app.features.translations.translating import translate
from app.features.wire import Output, Request, examples
from app.languages import FORMAL, NAMES, UNKNOWN, base, detect_scored
from app.web.deps import GatewayDep, VocabularyDep
from app.web.forms import read_form
from app.web.problems import PROBLEMS, documented, judge, restate

_FORM: Final = "application/x-www-form-urlencoded"
_FLAGS: Final = {"0": False, "false": False, "1": True, "true": True}
_EXAMPLE: Final = "Das Produkt ist sehr gut."
_PROBLEMS: Final = PROBLEMS | documented(
    403, "key-missing, key-invalid, scope-missing or cross-site"
)
_OTHERS: Final = ConfigDict(extra="ignore")  # what is not understood here is ignored, as there


def _form_too(model: str) -> dict[str, Any]:
    """The ``openapi_extra`` of an operation that takes ``model`` as a form, too."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"content": {_FORM: {"schema": schema}}}}


class _Route(APIRoute, Borrowed):
    """Takes forms, too; a problem has its detail where the clients of the two APIs look for it."""

    def get_route_handler(self) -> Callable[[HttpRequest], Awaitable[Response]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        handle = super().get_route_handler()

        async def answer(request: HttpRequest) -> Response:
            try:
                return await handle(await _without_form(request))
            except RequestValidationError as error:
                problem = judge(request.headers.get("content-type"), error)
            except GroundworkError as error:
                problem = error
            restate(problem)
            raise problem

        return answer


async def _without_form(request: HttpRequest) -> HttpRequest:
    """A request that FastAPI understands: a form as JSON, or with GET as the query."""
    if not request.headers.get("content-type", "").lower().startswith((_FORM, "multipart/")):
        return request
    if request.method == "GET":
        return HttpRequest({**request.scope, "query_string": await request.body()})
    async with read_form(request) as form:
        fields = {
            name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form
        }
    body = to_json({name: _read(name, values) for name, values in fields.items() if values})
    headers = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
    headers.append((b"content-type", b"application/json"))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    return HttpRequest({**request.scope, "headers": headers}, receive)


def _read(name: str, values: list[str]) -> object:
    """A field of a form, in which lists and flags are texts, too."""
    if name == "ignore_tags":
        return ",".join(values).replace(",", " ").split()
    if name in ("text", "custom_instructions"):
        return values
    return _FLAGS.get(values[-1], values[-1]) if name == "preserve_formatting" else values[-1]


class _LibreRoute(_Route, KeyInside):
    """LibreTranslate's clients send the key as a field."""


_deepl = APIRouter(prefix="/v2", tags=["deepl"], responses=_PROBLEMS, route_class=_Route)
_libretranslate = APIRouter(tags=["libretranslate"], responses=_PROBLEMS, route_class=_LibreRoute)
ROUTERS = (_deepl, _libretranslate)


class DeepLRequest(TranslationRequest):
    """A request as DeepL takes it; what is not understood here is ignored, as there."""

    model_config = examples({"text": [_EXAMPLE], "target_lang": "EN-GB"}) | _OTHERS

    target_lang: LanguageCode = Field(description="Language to translate into.")


class DeepLTranslation(Output):
    """One text, translated."""

    detected_source_language: Annotated[str, BeforeValidator(lambda code: code or "")]
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


@_deepl.post(
    "/translate", summary="Translate, for DeepL's clients", openapi_extra=_form_too("DeepLRequest")
)
async def deepl_translate(
    request: DeepLRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> DeepLResponse:
    """What `/translations` does, in DeepL's form; the request fails when one of its texts does."""
    made = await translate(request, gateway, vocabulary, strict=True)
    return DeepLResponse.model_validate(made, from_attributes=True)


@_deepl.get("/languages", summary="List the languages, for DeepL's clients")
async def deepl_languages(
    type: Literal["source", "target"] = "source",  # noqa: A002 # DeepL's name
) -> list[DeepLLanguage]:
    """The languages to translate from or into; those with a region are targets alone."""
    return [
        DeepLLanguage(language=code, name=name, supports_formality=base(code) in FORMAL)
        for code, name in NAMES.items()
        if type == "target" or "-" not in code
    ]


_OneOrMany = Annotated[
    Annotated[OneText, Tag("one")] | Annotated[Texts, Tag("many")],
    Discriminator(lambda value: "one" if isinstance(value, str) else "many"),
]
_Source = Annotated[
    LanguageCode | None,
    BeforeValidator(lambda source: None if source == "auto" else source),
    WithJsonSchema({"anyOf": [{"type": "string", "enum": ["auto", *NAMES]}, {"type": "null"}]}),
]


class LibreRequest(Request):
    """A request as LibreTranslate takes it."""

    model_config = examples({"q": _EXAMPLE, "source": "auto", "target": "en"}) | _OTHERS

    q: _OneOrMany = Field(description="The text, or a list of texts.")
    source: _Source = Field(default=None, description="Language of the text, or `auto`.")
    target: LanguageCode = Field(description="Language to translate into.")
    format: Literal["text", "html"] = Field(default="text", description="Whether it has tags.")


class LibreText(Request):
    """A text whose language is to be told."""

    model_config = examples({"q": _EXAMPLE}) | _OTHERS

    q: Annotated[str, Field(max_length=100_000)] = Field(description="The text.")


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


@_libretranslate.post(
    "/translate",
    summary="Translate, for LibreTranslate's clients",
    openapi_extra=_form_too("LibreRequest"),
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
    texts = [one.text or "" for one in made]
    found = [_detection(one.detected_source_language, one.detection_score) for one in made]
    return LibreTranslation(
        translatedText=texts[0] if alone else texts,
        detectedLanguage=None if request.source else found[0] if alone else found,
    )


@_libretranslate.post(
    "/detect",
    summary="Tell the language, for LibreTranslate's clients",
    openapi_extra=_form_too("LibreText"),
)
async def libre_detect(request: LibreText) -> list[LibreDetection]:
    """The language that a text is in; an empty list when nothing tells."""
    found = detect_scored(request.q)
    return [] if found.code == UNKNOWN else [_detection(found.code, found.score)]


@_libretranslate.get("/languages", summary="List the languages, for LibreTranslate's clients")
async def libre_languages() -> list[LibreLanguage]:
    """The languages, each of which can be translated into all others."""
    tags = {_tag_of(code): name for code, name in NAMES.items()}
    return [LibreLanguage(code=tag, name=name, targets=list(tags)) for tag, name in tags.items()]


def _detection(code: str | None, score: float | None) -> LibreDetection:
    language = _tag_of(code) if code else UNKNOWN.lower()
    return LibreDetection(confidence=round(100 * (score or 0), 1), language=language)


def _tag_of(code: str) -> str:
    """A code of ours as BCP 47 writes it: ``en-GB``, ``zh-Hant``."""
    return Language.get(code, normalize=False).to_tag()
