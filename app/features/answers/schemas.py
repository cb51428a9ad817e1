"""The wire of ``/answers``."""

from typing import Annotated, Literal

from pydantic import Field

from app.features.wire import Line, ModelInfo, Passage, RequestModel, ResponseModel, example
from app.problems import Problem


class Document(RequestModel):
    """A text that may hold the answer."""

    id: Line | None = Field(default=None, description="Your own name for the document.")
    title: Line | None = Field(default=None, description="Its title.")
    text: Passage = Field(description="Its text.")


class Message(RequestModel):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who wrote it.")
    content: Passage = Field(description="What was written.")


class AnswerRequest(RequestModel):
    """A question and the documents to answer it from."""

    model_config = example(
        question="How long does the warranty of the lamp last?",
        documents=[
            {
                "title": "Lumo lamp: warranty",
                "text": "The warranty of the Lumo lamp lasts three years. Keep the receipt.",
            }
        ],
    )

    question: Line = Field(description="The customer's question.")
    documents: Annotated[list[Document], Field(max_length=100)] = Field(
        default_factory=list[Document], description="What the answer may rest on."
    )
    history: Annotated[list[Message], Field(max_length=100)] = Field(
        default_factory=list[Message], description="The conversation so far, oldest first."
    )


class Answer(ModelInfo):
    """An answer, and which model gave it."""

    answer: str = Field(description="The answer, in plain text.")
    is_uncertain: bool = Field(
        description="True when the documents do not tell; the answer then says so."
    )


class AnswerDelta(ResponseModel):
    """A piece of the answer."""

    type: Literal["delta"]
    text: str = Field(description="Text to append.")


class AnswerCompleted(ResponseModel):
    """The end of a stream that went well."""

    type: Literal["completed"]
    answer: Answer = Field(description="The whole answer; it replaces what was streamed.")


class AnswerFailed(ResponseModel):
    """The end of a stream that failed."""

    type: Literal["failed"]
    problem: Problem
