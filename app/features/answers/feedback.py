"""The endpoint that takes what people say of answers."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from app.deps import RecordsDep
from app.features.wire import RequestModel, ResponseModel, example
from app.problems import PROBLEMS, documented


class FeedbackRequest(RequestModel):
    """What somebody says of an answer."""

    model_config = example(rating="down", comment="The warranty is five years now.")

    rating: Literal["up", "down"] = Field(description="Whether the answer was good.")
    comment: Annotated[str, StringConstraints(max_length=4_000)] | None = Field(
        default=None, description="What was good or wrong."
    )


class Feedback(ResponseModel):
    """Feedback that was taken down, durably."""

    id: str = Field(description="Names the feedback.")
    message_id: str = Field(description="The answer it is about.")


router = APIRouter(prefix="/answers", tags=["answers"], responses=PROBLEMS)


@router.post(
    "/{message_id}/feedback",
    status_code=201,
    summary="Say how good an answer was",
    responses=documented(404, "message-unknown or feedback-off"),
)
async def create_feedback(
    message_id: str, request: FeedbackRequest, records: RecordsDep
) -> Feedback:
    """Take the feedback down in the operator's file, with the answer and what it rests on.

    The same answer may be given feedback again; all of it is kept.
    """
    entry = await records.add_feedback(message_id, request.rating, request.comment)
    return Feedback.model_construct(id=entry.id, message_id=entry.message_id)
