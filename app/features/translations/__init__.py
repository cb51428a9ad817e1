"""Reviews into natural English or another language."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.features.translations import dropin
from app.features.translations.schemas import (
    Language,
    TranslationDelta,
    TranslationRequest,
    TranslationResult,
)
from app.features.translations.translating import TranslationCompleted, translate, translate_stream
from app.features.translations.translator import FEATURE
from app.languages import FORMAL, NAMES, base
from app.web.deps import GatewayDep, VocabularyDep
from app.web.problems import PROBLEMS
from app.web.sse import documented_events, event_stream

__all__ = ["FEATURE", "ROUTERS"]

_EVENTS = documented_events("Translation", TranslationDelta, TranslationCompleted)

router = APIRouter(prefix="/translations", tags=["translations"])
ROUTERS = (router, *dropin.ROUTERS)


@router.post("", summary="Translate reviews", responses=PROBLEMS)
async def create_translations(
    request: TranslationRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> TranslationResult:
    """Translate each text by itself, at the same time; the order is kept.

    A text that fails has its own `problem`; the request fails when all texts do.
    """
    return await translate(request, gateway, vocabulary)


@router.post(
    "/stream",
    summary="Translate reviews, streamed",
    response_class=StreamingResponse,
    responses=PROBLEMS | _EVENTS,
)
async def stream_translations(
    request: TranslationRequest, gateway: GatewayDep, vocabulary: VocabularyDep
) -> StreamingResponse:
    """The same as server-sent events: `delta`s, then exactly one `completed` or `failed`.

    Texts with tags have no deltas.
    """
    return await event_stream(translate_stream(request, gateway, vocabulary))


@router.get("/languages", summary="List the languages")
async def list_languages() -> list[Language]:
    """The languages, each of which can be translated from and into."""
    return [
        Language(code=code, name=name, supports_formality=base(code) in FORMAL)
        for code, name in NAMES.items()
    ]
