"""The endpoints of ``/answers``."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field
from typing_extensions import TypeAliasType

from app.deps import RecordsDep
from app.errors import ConversationUnknown
from app.features.answers.answering import answer, answer_stream
from app.features.answers.desk import DeskDep
from app.features.answers.schemas import (
    Answer,
    AnswerCitation,
    AnswerCompleted,
    AnswerDelta,
    AnswerFailed,
    AnswerRequest,
    AnswerStarted,
)
from app.features.sse import documented_events, event_stream
from app.problems import PROBLEMS, Problem, documented

AnswerEvent = TypeAliasType(
    "AnswerEvent",
    Annotated[
        AnswerStarted | AnswerDelta | AnswerCitation | AnswerCompleted | AnswerFailed,
        Field(discriminator="type"),
    ],
)

_UNKNOWN = documented(404, "conversation-unknown")

router = APIRouter(prefix="/answers", tags=["answers"])


@router.post("", summary="Answer a question from documents", responses=PROBLEMS | _UNKNOWN)
async def create_answer(request: AnswerRequest, desk: DeskDep) -> Answer:
    """Answer briefly and only from the documents; say so when they do not tell.

    The documents are the request's, or the service's own, or both. Every citation is checked: its
    quote stands in the document, word for word.
    """
    return await answer(request, desk)


@router.post(
    "/stream",
    summary="Answer a question, streamed",
    response_class=StreamingResponse,
    responses=PROBLEMS | _UNKNOWN | documented_events(AnswerEvent),
)
async def stream_answer(request: AnswerRequest, desk: DeskDep) -> StreamingResponse:
    """The same as server-sent events.

    `started`, `delta`s, `citation`s, then exactly one `completed` or `failed`. What is streamed is
    not yet checked: the answer in `completed` replaces it.
    """
    return await event_stream(answer_stream(request, desk), _failed)


@router.delete(
    "/conversations/{conversation_id}",
    status_code=204,
    summary="Forget a conversation",
    responses=_UNKNOWN | documented(422, "request-invalid"),
)
async def delete_conversation(conversation_id: str, records: RecordsDep) -> None:
    """Drop all answers of a conversation that was kept."""
    if not await records.forget_conversation(conversation_id):
        raise ConversationUnknown(f"There is no conversation {conversation_id}.")


def _failed(problem: Problem) -> AnswerFailed:
    return AnswerFailed(type="failed", problem=problem)
