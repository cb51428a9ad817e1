"""The endpoints of ``/translations``."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field
from typing_extensions import TypeAliasType

from app.deps import GatewayDep, VocabularyDep
from app.features.languages import FORMAL, NAMES, base
from app.features.sse import documented_events, event_stream
from app.features.translations.schemas import (
    Language,
    TranslationCompleted,
    TranslationDelta,
    TranslationFailed,
    TranslationRequest,
    TranslationResult,
)
from app.features.translations.translating import translate, translate_stream
from app.features.translations.translator import Translator
from app.problems import PROBLEMS, Problem

FEATURE = Translator()
TranslationEvent = TypeAliasType(
    "TranslationEvent",
    Annotated[
        TranslationDelta | TranslationCompleted | TranslationFailed, Field(discriminator="type")
    ],
)

router = APIRouter(prefix="/translations", tags=["translations"])


@router.post("", summary="Translate reviews", responses=PROBLEMS)
async def create_translations(
    request: TranslationRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> TranslationResult:
    """Translate each text by itself, at the same time; the order is kept.

    A text that fails has its own `problem`; the request fails when all texts do.
    """
    return await translate(FEATURE, request, gateway, vocabulary)


@router.post(
    "/stream",
    summary="Translate reviews, streamed",
    response_class=StreamingResponse,
    responses=PROBLEMS | documented_events(TranslationEvent),
)
async def stream_translations(
    request: TranslationRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> StreamingResponse:
    """The same as server-sent events: `delta`s, then exactly one `completed` or `failed`."""
    events = translate_stream(FEATURE, request, gateway, vocabulary)
    return await event_stream(events, _failed)


@router.get("/languages", summary="List the languages")
async def list_languages() -> list[Language]:
    """The languages, each of which can be translated from and into."""
    return [
        Language(code=code, name=name, supports_formality=base(code) in FORMAL)
        for code, name in NAMES.items()
    ]


def _failed(problem: Problem) -> TranslationFailed:
    return TranslationFailed(type="failed", problem=problem)
