"""The wire of ``/answers``."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.features.wire import Line, ModelInfo, Passage, RequestModel, ResponseModel, examples
from app.problems import Problem

Action = Literal["answer", "clarify", "handoff"]
HandoffReason = Literal["asked_for_human", "needs_staff", "not_in_documents"]
ConversationId = Annotated[str, StringConstraints(pattern=r"^conv_[0-9a-f]{32}$")]


class Document(RequestModel):
    """A text that may hold the answer."""

    id: Line | None = Field(
        default=None,
        description="Your own name for the document; `document-1` and so on where there is none.",
    )
    title: Line | None = Field(default=None, description="Its title.")
    url: Line | None = Field(default=None, description="Where people can read it.")
    text: Passage = Field(description="Its text.")


class Message(RequestModel):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who wrote it.")
    content: Passage = Field(description="What was written.")


class AnswerRequest(RequestModel):
    """A question, and what the answer may rest on."""

    model_config = examples(
        {
            "question": "How long does the warranty of the lamp last?",
            "documents": [
                {
                    "title": "Lumo lamp: warranty",
                    "text": "The warranty of the Lumo lamp lasts three years. Keep the receipt.",
                }
            ],
        },
        {"question": "How long is the warranty of the Lumo S2?"},
        {"question": "Wie lange hält der Akku des Inkwell Pro?"},
        {"question": "Can I talk to a human?"},
    )

    question: Line = Field(description="The customer's question.")
    documents: Annotated[list[Document], Field(max_length=100)] = Field(
        default_factory=list[Document],
        description="What the answer may rest on. Without any, the service's own documents.",
    )
    search_knowledge: bool | None = Field(
        default=None,
        description="Whether the service's own documents are searched; by default, they are where "
        "the request brings none.",
    )
    history: list[Message] = Field(
        default_factory=list[Message],
        description="The conversation so far, oldest first. The oldest messages are left out where "
        "there are more than the model can read.",
    )
    conversation_id: ConversationId | None = Field(
        default=None, description="The kept conversation that this question goes on with."
    )
    store: bool = Field(
        default=False,
        description="Keep the conversation, so that a later question can go on with it.",
    )


class InDocument(ResponseModel):
    """Which document a text stands in."""

    document_id: str = Field(description="The document.")
    title: str = Field(description="The document's title; may be empty.")
    url: str | None = Field(description="Where people can read the document.")
    heading: str | None = Field(description="The headings it stands under, with ` > ` between.")


class FoundPassage(InDocument):
    """A part of a document that may hold the answer."""

    text: str = Field(description="Its text.")
    start: int = Field(description="Where it begins in the document's text, in code points.")
    end: int = Field(description="Where it ends there.")


class Citation(InDocument):
    """Where a claim of the answer stands: verbatim, which is checked."""

    quote: str = Field(description="The document's own words.")
    start: int = Field(description="Where they begin in the document's text, in code points.")
    end: int = Field(description="Where they end there.")


class Answer(ModelInfo):
    """An answer that rests on documents, or says that they do not tell."""

    message_id: str = Field(description="Names the answer, in feedback for instance.")
    conversation_id: str | None = Field(description="The conversation, if it is kept.")
    answer: str = Field(description="The answer, in plain text.")
    action: Action = Field(
        description="`answer`; `clarify`: the text asks back, `suggestions` are what may be meant; "
        "`handoff`: a human should take over."
    )
    handoff_reason: HandoffReason | None = Field(
        description="Why a human should: the customer asked for one, only staff can do it, or the "
        "documents do not tell."
    )
    grounded: bool = Field(
        description="Whether every claim of the answer was found in the passages it cites."
    )
    is_uncertain: bool = Field(
        description="True when the documents do not tell; the answer then says so."
    )
    citations: list[Citation] = Field(description="Where the answer's claims stand.")
    suggestions: list[str] = Field(description="Questions that the customer may ask next.")
    passages: list[FoundPassage] = Field(
        description="What was found for the question and shown to the model, the best first."
    )
    query: str = Field(description="What was searched for: the question, made clear by itself.")


class AnswerStarted(ResponseModel):
    """The beginning of a stream: what was found."""

    type: Literal["started"]
    message_id: str = Field(description="Names the answer, in feedback for instance.")
    conversation_id: str | None = Field(description="The conversation, if it is kept.")
    query: str = Field(description="What was searched for.")
    passages: list[FoundPassage] = Field(description="What was found, the best first.")


class AnswerDelta(ResponseModel):
    """A piece of the answer, not yet checked."""

    type: Literal["delta"]
    text: str = Field(description="Text to append.")


class AnswerCitation(ResponseModel):
    """Where a claim of the answer stands, after the answer was checked."""

    type: Literal["citation"]
    citation: Citation


class AnswerCompleted(ResponseModel):
    """The end of a stream that went well."""

    type: Literal["completed"]
    answer: Answer = Field(
        description="The whole checked answer; it replaces what was streamed, which differs from "
        "it where a check failed."
    )


class AnswerFailed(ResponseModel):
    """The end of a stream that failed."""

    type: Literal["failed"]
    problem: Problem
