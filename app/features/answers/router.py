"""The endpoints of ``/answers``."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field
from typing_extensions import TypeAliasType

from app.deps import GatewayDep
from app.features.answers.feature import Answers, as_answer
from app.features.answers.schemas import (
    Answer,
    AnswerCompleted,
    AnswerDelta,
    AnswerFailed,
    AnswerRequest,
)
from app.features.feature import Delta
from app.features.sse import documented_events, event_stream
from app.gateway import ModelGateway
from app.problems import PROBLEMS, Problem

FEATURE = Answers()
AnswerEvent = TypeAliasType(
    "AnswerEvent",
    Annotated[AnswerDelta | AnswerCompleted | AnswerFailed, Field(discriminator="type")],
)

router = APIRouter(prefix="/answers", tags=["answers"], responses=PROBLEMS)


@router.post("", summary="Answer a question from documents")
async def create_answer(request: AnswerRequest, gateway: GatewayDep) -> Answer:
    """Answer briefly and only from the given documents; say so when they do not tell."""
    return as_answer(await FEATURE.run(request, gateway))


@router.post(
    "/stream",
    summary="Answer a question, streamed",
    response_class=StreamingResponse,
    responses=documented_events(AnswerEvent),
)
async def stream_answer(request: AnswerRequest, gateway: GatewayDep) -> StreamingResponse:
    """The same as server-sent events: `delta`s, then exactly one `completed` or `failed`."""
    return await event_stream(_events(request, gateway), _failed)


async def _events(
    request: AnswerRequest, gateway: ModelGateway
) -> AsyncGenerator[AnswerDelta | AnswerCompleted]:
    async with aclosing(FEATURE.stream(request, gateway)) as items:
        async for item in items:
            if isinstance(item, Delta):
                yield AnswerDelta(type="delta", text=item.text)
            else:
                yield AnswerCompleted(type="completed", answer=as_answer(item))


def _failed(problem: Problem) -> AnswerFailed:
    return AnswerFailed(type="failed", problem=problem)
