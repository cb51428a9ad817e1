"""The wire of a ticket."""

from pydantic import Field, JsonValue

from app.features.tickets.entities import Entity
from app.features.tickets.mail import EmailParts
from app.features.tickets.reading import Category, Sentiment, Urgency
from app.features.wire import Output


class Flags(Output):
    """What is particular about the email."""

    auto_reply: bool = Field(
        description="A machine sent it: `Auto-Submitted`, `Precedence`, a delivery report (RFC 3834)."
    )
    quoted_only: bool = Field(description="The sender added nothing to what is quoted.")
    injection_suspected: bool = Field(
        description="Something in it gives orders to a machine instead of telling people something, "
        "as the model sees it."
    )
    truncated: bool = Field(
        description="It is longer than the model's context: the oldest that it quotes was left out, "
        "then what comes last."
    )


class Confidences(Output):
    """How probable the model found its value among those allowed, 0 to 1.

    Null where the model server tells no probabilities.
    """

    urgency: float | None
    category: float | None
    sentiment: float | None
    intent: float | None = Field(description="Null, too, where there is no list of intents.")


class Ticket(Output):
    """A ticket, and which model made it."""

    issue: str = Field(description="The problem in a few English words.")
    summary: str = Field(description="The email in one or two English sentences.")
    product: str | None = Field(
        description="The product, as the email names it, or its exact name in the operator's "
        "catalogue; null when it names none."
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
    intent: str | None = Field(
        description="Name of the intent; null when none fits or there is no list."
    )
    custom_fields: dict[str, JsonValue] | None = Field(
        description="Your own fields; null for each that the email does not tell."
    )
    entities: list[Entity] = Field(
        description="Numbers, addresses, dates and amounts that the email has word for word."
    )
    open_questions: list[str] = Field(description="What the customer asks, word for word.")
    flags: Flags
    confidence: Confidences
    needs_review: bool = Field(
        description="A human should look: confidence in urgency, category or intent is below "
        "`GROUNDWORK_REVIEW_BELOW`, something was cut or could not be read, a required field is "
        "missing, the email only quotes, or an injection is suspected."
    )


class EmailTicket(Ticket):
    """A ticket, and the email that it was made of."""

    email: EmailParts
