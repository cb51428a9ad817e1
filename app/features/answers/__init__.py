"""Product questions, answered from documents."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.errors import ConversationUnknown, FeedbackOff
from app.features.answers.answering import COMPLETED, events, reply
from app.features.answers.feature import FEATURE
from app.features.answers.schemas import Answer, AnswerCitation, AnswerRequest, AnswerStarted
from app.features.routes import StateDep
from app.features.wire import Delta, Output, Reply, Request, examples
from app.web.deps import CallerDep, StoreDep
from app.web.problems import PROBLEMS, documented
from app.web.sse import documented_events, event_stream

__all__ = ["FEATURE", "ROUTERS"]

_EVENTS: Final = documented_events("Answer", AnswerStarted, AnswerCitation, Delta, COMPLETED)
_UNKNOWN: Final = documented(404, "conversation-unknown")

router = APIRouter(prefix="/answers", tags=["answers"])
ROUTERS = (router,)


class FeedbackRequest(Request):
    """What somebody says of an answer."""

    model_config = examples({"rating": "down", "comment": "The warranty is five years now."})

    rating: Literal["up", "down"] = Field(description="Whether the answer was good.")
    comment: Annotated[str, Field(max_length=4_000)] | None = Field(
        default=None, description="What was good or wrong."
    )


class Feedback(Output):
    """Feedback that was taken down, durably."""

    id: str = Field(description="Names the feedback.")
    message_id: str = Field(description="The answer it is about.")


@router.post("", summary="Answer a question from documents", responses=PROBLEMS | _UNKNOWN)
async def create_answer(request: AnswerRequest, state: StateDep) -> Reply[Answer]:
    """Answer briefly and only from the documents; say so when they do not tell.

    The documents are the request's, or the service's own, or both. What is cited stands in the
    document word for word.
    """
    return await reply(request, state)


@router.post(
    "/stream",
    summary="Answer a question, streamed",
    response_class=StreamingResponse,
    responses=PROBLEMS | _UNKNOWN | _EVENTS,
)
async def stream_answer(request: AnswerRequest, state: StateDep) -> StreamingResponse:
    """The same as server-sent events.

    `started`, what is cited, `delta`s with the text as the model writes it, then exactly one
    `completed` with what `POST /answers` would have answered, or `failed`.
    """
    return await event_stream(events(request, state))


@router.delete(
    "/conversations/{conversation_id}",
    status_code=204,
    summary="Forget a conversation",
    responses=_UNKNOWN | documented(422, "request-invalid"),
)
def delete_conversation(conversation_id: str, store: StoreDep, caller: CallerDep) -> None:
    """Drop all answers of a conversation that was kept, and what was said of them."""
    if store is None or not store.forget_conversation(conversation_id, caller.tenant):
        raise ConversationUnknown(f"There is no conversation {conversation_id}.")


@router.post(
    "/{message_id}/feedback",
    status_code=201,
    summary="Say how good an answer was",
    responses=PROBLEMS | documented(404, "message-unknown or feedback-off"),
)
def create_feedback(
    message_id: str, request: FeedbackRequest, store: StoreDep, caller: CallerDep
) -> Feedback:
    """Take the feedback down beside the answer, which is kept as long.

    The same answer may be given feedback again; all of it is kept.
    """
    if store is None:
        msg = "The operator of this service takes no feedback: GROUNDWORK_STORE is not set."
        raise FeedbackOff(msg)
    name = store.add_feedback(message_id, request.rating, request.comment, caller.tenant)
    return Feedback(id=name, message_id=message_id)
