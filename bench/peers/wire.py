"""The wire of the peers that use FastAPI."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

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


class Email(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: str
    body: str


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: NamedType
    text: str


class Reading(BaseModel):
    model_config = ConfigDict(extra="forbid")

    issue: str
    product: str | None
    urgency: Urgency
    category: Category
    sentiment: Sentiment
    summary: str
    entities: list[Named]
    questions: list[str]
    injection: str | None


class Usage(BaseModel):
    input_tokens: int
    output_tokens: int


class Ticket(Reading):
    model: str
    usage: Usage


class Document(BaseModel):
    title: str
    text: str


class Question(BaseModel):
    question: str
    documents: list[Document]


class Delta(BaseModel):
    type: Literal["delta"] = "delta"
    text: str


class Completed(BaseModel):
    type: Literal["completed"] = "completed"
    answer: str
    usage: Usage | None


class Review(BaseModel):
    text: list[str]
    target_lang: str


class Translation(BaseModel):
    text: str


class Translations(BaseModel):
    translations: list[Translation]
    model: str
    usage: Usage


def event(item: BaseModel) -> str:
    return f"data: {item.model_dump_json()}\n\n"
