"""The endpoints of ``/translations``."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field
from typing_extensions import TypeAliasType

from app.deps import GatewayDep
from app.features.sse import documented_events, event_stream
from app.features.translations.feature import Translator, translate, translate_stream
from app.features.translations.schemas import (
    TranslationCompleted,
    TranslationDelta,
    TranslationFailed,
    TranslationRequest,
    Translations,
)
from app.problems import PROBLEMS, Problem

FEATURE = Translator()
TranslationEvent = TypeAliasType(
    "TranslationEvent",
    Annotated[
        TranslationDelta | TranslationCompleted | TranslationFailed, Field(discriminator="type")
    ],
)

router = APIRouter(prefix="/translations", tags=["translations"], responses=PROBLEMS)


@router.post("", summary="Translate reviews")
async def create_translations(request: TranslationRequest, gateway: GatewayDep) -> Translations:
    """Translate each text by itself, at the same time; the order is kept."""
    return await translate(FEATURE, request, gateway)


@router.post(
    "/stream",
    summary="Translate reviews, streamed",
    response_class=StreamingResponse,
    responses=documented_events(TranslationEvent),
)
async def stream_translations(
    request: TranslationRequest, gateway: GatewayDep
) -> StreamingResponse:
    """The same as server-sent events: `delta`s, then exactly one `completed` or `failed`."""
    return await event_stream(translate_stream(FEATURE, request, gateway), _failed)


def _failed(problem: Problem) -> TranslationFailed:
    return TranslationFailed(type="failed", problem=problem)
