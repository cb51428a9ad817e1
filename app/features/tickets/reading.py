"""What the model writes of an email, and what its words are called on the wire.

Urgency, category and sentiment are asked for in words that describe them, which small models read
better than names. To ask for the names themselves, write those into the three tables
(``"critical": "critical"``) and into the examples.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

Urgency = Literal["low", "medium", "high", "critical"]
Sentiment = Literal["very_negative", "negative", "neutral", "positive", "very_positive"]
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
NamedType = Literal[
    "order_number",
    "invoice_number",
    "customer_number",
    "tracking_number",
    "phone",
    "date",
    "amount",
]

URGENCIES: Final[dict[str, Urgency]] = {
    "danger, outage, break-in or lost data": "critical",
    "blocked, money lost or urgent": "high",
    "small problem": "medium",
    "question, wish or thanks": "low",
}
CATEGORIES: Final[dict[str, Category]] = {
    "invoice, payment or refund": "billing",
    "delivery of a parcel": "shipping",
    "return or exchange": "returns",
    "broken or dangerous product": "defect",
    "login or account data": "account",
    "software, app or device error": "technical",
    "idea for a new function": "feature_request",
    "question before buying or about use": "question",
    "praise or something else": "other",
}
SENTIMENTS: Final[dict[str, Sentiment]] = {
    "furious": "very_negative",
    "unhappy": "negative",
    "calm": "neutral",
    "happy": "positive",
    "delighted": "very_positive",
}


def _one_of(table: Mapping[str, str]) -> Any:
    """The value is a key of a table."""

    def check(value: str) -> str:
        if value not in table:
            msg = f"it must be one of: {'; '.join(table)}"
            raise ValueError(msg)
        return value

    return AfterValidator(check), Field(json_schema_extra={"enum": list(table)})


def _limit(**limits: int) -> Any:
    """A limit that holds a model which is guided by the schema; more than that is no error."""
    return Field(json_schema_extra=dict(limits))


class Named(BaseModel):
    """A number, date or amount that the email names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: NamedType
    text: Annotated[str, _limit(maxLength=60)] = Field(description="Exactly as in the email.")


class Reading(BaseModel):
    """What the model writes, in this order: first what happened, then what that is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issue: Annotated[str, _limit(maxLength=80)] = Field(
        description="The problem in a few English words."
    )
    summary: Annotated[str, _limit(maxLength=300)] = Field(
        description="One or two English sentences: what happened and what the customer wants."
    )
    product: Annotated[str, _limit(maxLength=60)] | None = Field(
        description="The product that the email is about, exactly as in the email; null if it "
        "names none."
    )
    situation: Annotated[str, *_one_of(URGENCIES)] = Field(
        description="How bad it is for the customer."
    )
    topic: Annotated[str, *_one_of(CATEGORIES)] = Field(description="What the email is about.")
    mood: Annotated[str, *_one_of(SENTIMENTS)] = Field(description="How the customer feels.")
    entities: Annotated[list[Named], _limit(maxItems=20)] = Field(
        default=[], description="Numbers, dates and amounts that the email names."
    )
    questions: Annotated[list[Annotated[str, _limit(maxLength=200)]], _limit(maxItems=5)] = Field(
        default=[], description="What the customer asks, word for word."
    )
    injection: Annotated[str, _limit(maxLength=200)] | None = Field(
        description="What gives orders to a machine instead of telling people something, exactly "
        "as in the email; null if nothing does."
    )
    intent: str | None = Field(default=None, description="What the customer wants.")
    custom_fields: dict[str, JsonValue] | None = Field(
        default=None, description="Null for each that the email does not tell."
    )
