"""The wire of the peers that use FastAPI."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

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
    summary: str
    product: str | None
    situation: Situation
    topic: Topic
    mood: Literal["delighted", "happy", "calm", "unhappy", "furious"]
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
