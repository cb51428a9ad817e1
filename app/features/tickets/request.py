"""Support emails into structured tickets."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from app.features.tickets.custom_fields import CustomFields
from app.features.tickets.entities import Part
from app.features.wire import Line, Passage, Request, examples, few

_MOST_HEADERS: Final = 200

_HeaderName = Annotated[str, StringConstraints(max_length=200)]
_HeaderValue = Annotated[str, StringConstraints(max_length=10_000)]


class Intent(Request):
    """Something that a customer may want."""

    name: Annotated[str, StringConstraints(pattern=r"^[\w.:-]{1,60}$")] = Field(
        description="The name that the ticket gets."
    )
    description: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="When it is the right one, in a few words."
    )


class TicketOptions(Request):
    """What a ticket is to tell beyond the usual."""

    intents: Annotated[list[Intent], Field(max_length=30)] = Field(
        default_factory=list[Intent],
        description="What the customer may want; the operator's list where empty.",
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

    @property
    def intent_names(self) -> list[str]:
        """The names alone."""
        return [intent.name for intent in self.intents]


class TicketRequest(TicketOptions):
    """A support email: either its whole text, or its subject and body."""

    model_config = examples(
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
    headers: Annotated[
        dict[_HeaderName, _HeaderValue], Field(max_length=_MOST_HEADERS), few(_MOST_HEADERS)
    ] = Field(
        default_factory=dict[str, str],
        description="The email's header fields, such as `Auto-Submitted`.",
    )

    @model_validator(mode="after")
    def _one_form(self) -> "TicketRequest":
        if (self.text is None) == (self.body is None) or (self.text and self.subject):
            msg = "give either text, or body with an optional subject"
            raise ValueError(msg)
        return self

    @property
    def content(self) -> str:
        """The text or the body."""
        return self.text or self.body or ""

    @property
    def parts(self) -> tuple[Part, Part]:
        """Subject and body, as entities name them."""
        return ("subject", self.subject or ""), ("body", self.content)
