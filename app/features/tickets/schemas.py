"""The wire of ``/tickets``, and what the model writes of it."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.features.tickets.custom_fields import CustomFields
from app.features.tickets.entities import EntityType
from app.features.tickets.letter import Letter, headers_of
from app.features.wire import (
    Line,
    ModelInfo,
    Passage,
    RequestModel,
    ResponseModel,
    examples,
    nearest,
)

MOST_INTENTS: Final = 30

Urgency = Literal["low", "medium", "high", "critical"]
Sentiment = Literal["very_negative", "negative", "neutral", "positive", "very_positive"]
Confidence = Literal["high", "medium", "low"]
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
Mood = Literal["delighted", "happy", "calm", "unhappy", "furious"]


class Intent(RequestModel):
    """Something that a customer may want."""

    name: Annotated[str, StringConstraints(pattern=r"^[\w.:-]{1,60}$")] = Field(
        description="The name that the ticket gets."
    )
    description: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="When it is the right one, in a few words."
    )


_Value = Annotated[str, StringConstraints(max_length=10_000)]


class TicketOptions(RequestModel):
    """What a ticket is to tell beyond the usual."""

    intents: Annotated[list[Intent], Field(max_length=MOST_INTENTS)] = Field(
        default=[], description="What the customer may want; the operator's list where empty."
    )
    custom_fields: CustomFields | None = Field(
        default=None, description="A small JSON Schema of fields of your own."
    )

    @field_validator("intents")
    @classmethod
    def _named_once(cls, intents: list[Intent]) -> list[Intent]:
        if len({intent.name for intent in intents}) < len(intents):
            msg = "each name may stand there only once"
            raise ValueError(msg)
        return intents


class TicketRequest(TicketOptions):
    """A support email: either its whole text, or its subject and body."""

    model_config = examples(
        {
            "subject": "Charged twice",
            "body": "Hello, you charged me twice for Inkwell Pro. I want my money back.",
        },
        {
            "subject": "Locked out",
            "body": "I cannot log in to my Inkwell Pro account since 3 November and have to file "
            "my taxes today. How do I reset my password? Please write to jana@post.example or "
            "call +49 30 23125 014.",
        },
        {
            "subject": "Lumo Lampe: wo bleibt mein Paket?",
            "body": "Guten Tag, meine Bestellung Nr. 77120 (Lumo Lampe) ist seit zwei Wochen "
            "unterwegs. Wann kommt sie an? Meine Adresse ist jana@post.example.",
        },
    ) | ConfigDict(validate_by_name=True, validate_by_alias=True)

    text: Passage | None = Field(default=None, description="The whole email.")
    subject: Line | None = Field(default=None, description="The subject line.")
    body: Passage | None = Field(default=None, description="The body.")
    sender: Annotated[str, StringConstraints(max_length=1_000)] | None = Field(
        default=None, alias="from", description="Who wrote it, as in the email's `From`."
    )
    headers: Annotated[dict[str, _Value], Field(max_length=200)] = Field(
        default={}, description="The email's header fields, such as `Auto-Submitted`."
    )

    @model_validator(mode="after")
    def _one_form(self) -> "TicketRequest":
        if (self.text is None) == (self.body is None) or (self.text and self.subject):
            msg = "give either text, or body with an optional subject"
            raise ValueError(msg)
        return self

    @cached_property
    def letter(self) -> Letter:
        """The email, read."""
        headers = dict(self.headers)
        if self.sender is not None:
            headers["from"] = self.sender
        return Letter(
            subject=self.subject or "",
            body=self.text or self.body or "",
            headers=headers_of(headers.items()),
        )


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


class Entity(ResponseModel):
    """Something exact that the email names, found by rule."""

    type: EntityType
    field: Literal["subject", "body"] = Field(description="Where it stands.")
    text: str = Field(description="As it stands there.")
    value: str = Field(
        description="In one form: dates by ISO 8601, amounts as `49.90 EUR`, phones by E.164, as "
        "far as the text tells."
    )
    start: int = Field(description="Where it begins in that field, in Unicode characters.")
    end: int = Field(description="Where it ends.")


class Flags(ResponseModel):
    """What rules found about the email; the model has no say in it."""

    auto_reply: bool = Field(
        description="A machine sent it: `Auto-Submitted`, `Precedence`, a delivery report (RFC 3834)."
    )
    quoted_only: bool = Field(description="The sender added nothing to what is quoted.")
    injection_suspected: bool = Field(
        description="Something in it, hidden or not, talks to the model instead of to people. The "
        "model does not see it."
    )


class Confidences(ResponseModel):
    """How far to trust each field; `/tickets` in the README says how each is got."""

    urgency: Confidence
    category: Confidence
    sentiment: Confidence
    product: Confidence
    language: Confidence
    intent: Confidence | None = Field(description="Null when there is no list of intents.")
    custom_fields: dict[str, Confidence]


class Ticket(ModelInfo):
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
    entities: list[Entity] = Field(description="Numbers, addresses, dates and amounts.")
    open_questions: list[str] = Field(description="What the customer asks, word for word.")
    flags: Flags
    confidence: Confidences
    needs_review: bool = Field(
        description="A human should look: a flag is raised, the language is unknown, a required "
        "field is missing, or confidence in urgency, category or intent is low."
    )


class Attachment(ResponseModel):
    """A part of the email that is not read."""

    name: str | None = Field(description="The file's name.")
    type: str = Field(description="The media type that the email gives.")
    size: int = Field(description="Bytes, decoded.")


class EmailParts(ResponseModel):
    """The email in its parts: nothing is lost of what the model did not see."""

    model_config = ConfigDict(serialize_by_alias=True)

    subject: str
    sender: str | None = Field(serialization_alias="from")
    date: datetime | None
    message_id: str | None
    text: str = Field(description="What the sender newly wrote.")
    quoted: str = Field(description="What is quoted from earlier emails.")
    signature: str
    attachments: list[Attachment]


class EmailTicket(Ticket):
    """A ticket, and the email that it was made of."""

    email: EmailParts
