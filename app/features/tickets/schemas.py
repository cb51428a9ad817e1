"""The wire of ``/tickets``."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from app.features.wire import Line, ModelInfo, Passage, RequestModel

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


class TicketRequest(RequestModel):
    """A support email: either its whole text, or its subject and body."""

    text: Passage | None = Field(default=None, description="The whole email.")
    subject: Line | None = Field(default=None, description="The subject line.")
    body: Passage | None = Field(default=None, description="The body.")

    @model_validator(mode="after")
    def _one_form(self) -> "TicketRequest":
        if (self.text is None) == (self.body is None) or (self.text and self.subject):
            msg = "give either text, or body with an optional subject"
            raise ValueError(msg)
        return self


class TicketFields(RequestModel):
    """What the model reads out of an email, in the order in which it writes it."""

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = Field(
        description="Language of the email, ISO 639-1."
    )
    product: str | None = Field(
        description="The product, as the email names it; null when it names none."
    )
    issue: str = Field(description="The problem in a few English words.")
    summary: str = Field(description="The email in one or two English sentences.")
    category: Category = Field(description="What the email is about.")
    urgency: Urgency = Field(
        description="critical: outage, danger, security breach, lost data; high: customer "
        "blocked, money lost or a deadline; medium: inconvenient; low: question, wish, praise."
    )
    sentiment: Sentiment = Field(description="The customer's mood.")


class Ticket(TicketFields, ModelInfo):
    """A ticket, and which model made it."""
