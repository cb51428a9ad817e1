"""The wire of ``/answers``."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from app.features.wire import Line, Output, Passage, Request, examples
from app.knowledge import sources

Action = Literal["answer", "clarify", "handoff", "unknown"]
ConversationId = Annotated[str, Field(pattern=r"^conv_[0-9a-f]{32}$")]


class Document(Request):
    """A text that may hold the answer."""

    id: Line | None = Field(
        default=None,
        description="Your own name for the document; `document-1` and so on where there is none.",
    )
    title: Line | None = Field(default=None, description="Its title.")
    url: Line | None = Field(default=None, description="Where people can read it.")
    text: Passage = Field(description="Its text.")


class Message(Request):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who wrote it.")
    content: Passage = Field(description="What was written.")


class AnswerRequest(Request):
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
    history: Annotated[list[Message], Field(max_length=50)] = Field(
        default_factory=list[Message], description="The conversation so far, oldest first."
    )
    conversation_id: ConversationId | None = Field(
        default=None, description="The kept conversation that this question goes on with."
    )
    store: bool | None = Field(
        default=None,
        description="`true`: keep the conversation, so that a later question can go on with it. "
        "`false`: keep nothing of this answer, which then takes no feedback. Without it, the answer "
        "is kept for feedback where the operator keeps answers.",
    )


class InDocument(Output):
    """Which document a text stands in."""

    document_id: str = Field(description="The document.")
    title: str = Field(description="The document's title; may be empty.")
    url: str | None = Field(description="Where people can read the document.")
    heading: str | None = Field(description="The headings it stands under, with ` > ` between.")
    start: int = Field(description="Where it begins in the document's text, in code points.")
    end: int = Field(description="Where it ends there.")

    @classmethod
    def of(cls, passage: sources.Passage) -> Self:
        """The wire's form of a passage, or of a sentence."""
        fields: dict[str, Any] = {
            "document_id": passage.source.id,
            "title": passage.source.title,
            "url": passage.source.url,
            "heading": " > ".join(passage.heading) or None,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,  # a passage has this, and a citation the other
            "quote": passage.text,
        }
        return cls(**fields)


class FoundPassage(InDocument):
    """A part of a document that may hold the answer."""

    text: str = Field(description="Its text.")


class Citation(InDocument):
    """A sentence that the answer rests on."""

    quote: str = Field(description="The document's own words.")


class Answer(Output):
    """An answer that rests on documents, or says that they do not tell."""

    message_id: str = Field(description="Names the answer, in feedback for instance.")
    conversation_id: str | None = Field(description="The conversation, if it is kept.")
    answer: str = Field(description="The answer, in plain text.")
    action: Action = Field(
        description="`answer`; `clarify`: the text asks back; `handoff`: a human should take over; "
        "`unknown`: the documents do not tell, and the text says so."
    )
    grounded: bool = Field(
        description="Whether it is an answer that cites documents, and all `checks` are kept: what "
        "it cites exists, and holds the answer's figures, codes and addresses."
    )
    citations: list[Citation] = Field(description="What the answer rests on, word for word.")
    passages: list[FoundPassage] = Field(description="What the model was shown, the best first.")
    query: str = Field(description="What was searched for: the question, or what it means.")
    truncated: bool = Field(
        description="Whether a part of the request's documents, or of the conversation, was left "
        "out, since it is more than the model reads."
    )


class AnswerStarted(Output):
    """The beginning of a stream: what was found."""

    type: Literal["started"]
    message_id: str = Field(description="Names the answer, in feedback for instance.")
    conversation_id: str | None = Field(description="The conversation, if it is kept.")
    query: str = Field(description="What was searched for.")
    passages: list[FoundPassage] = Field(description="What the model was shown, the best first.")


class AnswerCitation(Output):
    """A sentence that the answer rests on; it comes before the answer."""

    type: Literal["citation"]
    citation: Citation
