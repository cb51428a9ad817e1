"""The wire of ``/tickets``, and what the model writes of it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.features.wire import Line, ModelInfo, Passage, RequestModel, example, nearest

Urgency = Literal["low", "medium", "high", "critical"]
Sentiment = Literal["positive", "neutral", "negative"]
Category = Literal[
    "billing",
    "shipping",
    "returns",
    "defect",
    "account",
    "technical",
    "feature_request",
    "question",
    "other",
]

Situation = Literal[
    "danger, outage, break-in or lost data",
    "blocked, money lost or urgent",
    "small problem",
    "question, wish or thanks",
]
Topic = Literal[
    "invoice, payment or refund",
    "delivery of a parcel",
    "return or exchange",
    "broken or dangerous product",
    "login or account data",
    "software, app or device error",
    "idea for a new function",
    "question before buying or about use",
    "praise or something else",
]
Mood = Literal["happy", "calm", "unhappy"]


class TicketRequest(RequestModel):
    """A support email: either its whole text, or its subject and body."""

    model_config = example(
        subject="Charged twice",
        body="Hello, you charged me twice for Inkwell Pro. I want my money back.",
    )

    text: Passage | None = Field(default=None, description="The whole email.")
    subject: Line | None = Field(default=None, description="The subject line.")
    body: Passage | None = Field(default=None, description="The body.")

    @model_validator(mode="after")
    def _one_form(self) -> "TicketRequest":
        if (self.text is None) == (self.body is None) or (self.text and self.subject):
            msg = "give either text, or body with an optional subject"
            raise ValueError(msg)
        return self


class Reading(RequestModel):
    """What the model writes, in this order; plain words, which a small model reads best.

    The lengths hold a model that is guided by the schema; longer text is no error.
    """

    issue: str = Field(json_schema_extra={"maxLength": 80})
    product: Annotated[str, Field(json_schema_extra={"maxLength": 60})] | None
    situation: Annotated[Situation, nearest(Situation)]
    topic: Annotated[Topic, nearest(Topic, otherwise="praise or something else")]
    mood: Annotated[Mood, nearest(Mood)]
    summary: str = Field(json_schema_extra={"maxLength": 200})


class Ticket(ModelInfo):
    """A ticket, and which model made it."""

    issue: str = Field(description="The problem in a few English words.")
    summary: str = Field(description="The email in one or two English sentences.")
    product: str | None = Field(
        description="The product, as the email names it; null when it names none."
    )
    category: Category = Field(description="What the email is about.")
    urgency: Urgency = Field(
        description="critical: outage, danger, security breach, lost data; high: customer "
        "blocked, money lost or a deadline; medium: inconvenient; low: question, wish, praise."
    )
    sentiment: Sentiment = Field(description="The customer's mood.")
    language: str | None = Field(
        description="Language of the email, ISO 639-1; null when there is too little to tell."
    )
