"""An email's ticket: what the model read of it, and what rules find and verify."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import JsonValue

from app.detection import UNKNOWN
from app.features.concurrency import aside, both
from app.features.feature import Result
from app.features.languages import base
from app.features.tickets.catalogue import find_product
from app.features.tickets.confidence import agreement, judged, of_language, words_of
from app.features.tickets.custom_fields import INTENT
from app.features.tickets.details import Details, DetailsRequest
from app.features.tickets.entities import find_entities
from app.features.tickets.feature import Tickets
from app.features.tickets.letter import Letter
from app.features.tickets.naming import as_written, name_by_shape
from app.features.tickets.questions import open_questions
from app.features.tickets.schemas import (
    Category,
    Confidence,
    Confidences,
    Entity,
    Flags,
    Mood,
    Reading,
    Sentiment,
    Situation,
    Ticket,
    TicketOptions,
    Topic,
    Urgency,
)
from app.features.wire import TokenUsage
from app.gateway import ModelGateway
from app.vocabulary import Vocabulary

_URGENCIES: Final[dict[Situation, Urgency]] = {
    "danger, outage, break-in or lost data": "critical",
    "blocked, money lost or urgent": "high",
    "small problem": "medium",
    "question, wish or thanks": "low",
}
_CATEGORIES: Final[dict[Topic, Category]] = {
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
_SENTIMENTS: Final[dict[Mood, Sentiment]] = {
    "delighted": "very_positive",
    "happy": "positive",
    "calm": "neutral",
    "unhappy": "negative",
    "furious": "very_negative",
}


TICKETS: Final = Tickets()
DETAILS: Final = Details()

_REVIEWED: Final = ("urgency", "category", "intent")  # where low confidence calls for a human


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the caller asked for besides, and what was found of it."""

    intent: str | None
    intent_confidence: Confidence | None
    fields: dict[str, JsonValue] | None
    field_confidences: dict[str, Confidence]
    lacks: bool


_NOTHING_ASKED: Final = _Asked(None, None, None, {}, lacks=False)


async def triage(
    letter: Letter,
    options: TicketOptions,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
) -> Ticket:
    """The ticket of an email; what the caller asks for besides is asked at the same time."""
    letter = letter.for_a_small_model() if gateway.traits.small else letter
    size = len(letter.body)
    await aside(letter.read, characters=size)
    details = _details_of(letter, options, vocabulary)
    asked = _NOTHING_ASKED
    if details is None:
        reading = await TICKETS.run(letter, gateway)
    else:
        reading, found = await both(TICKETS.run(letter, gateway), DETAILS.run(details, gateway))
        asked = _asked(letter, details, found.output)
        reading = replace(reading, usage=reading.usage + found.usage)
    return await aside(
        lambda: _ticket(letter, reading, asked, gateway, vocabulary), characters=size
    )


def _details_of(
    letter: Letter, options: TicketOptions, vocabulary: Vocabulary
) -> DetailsRequest | None:
    """The second question, if there is one."""
    own = {intent.name: intent.description for intent in options.intents}
    intents = own or dict(vocabulary.intents)
    if not intents and options.custom_fields is None:
        return None
    return DetailsRequest.model_construct(
        email=letter.shown, intents=intents, fields=options.custom_fields
    )


def _ticket(
    letter: Letter,
    result: Result[Reading],
    asked: _Asked,
    gateway: ModelGateway,
    vocabulary: Vocabulary,
) -> Ticket:
    reading = result.output
    language = base(letter.language.code)
    product, product_confidence = _product(letter, reading.product, gateway, vocabulary)
    email, small = letter.shown, gateway.traits.small
    urgency, of_urgency = judged("urgency", _URGENCIES[reading.situation], email, small=small)
    category, of_category = judged("category", _CATEGORIES[reading.topic], email, small=small)
    sentiment, of_sentiment = judged("sentiment", _SENTIMENTS[reading.mood], email, small=small)
    confidence = Confidences.model_construct(
        urgency=of_urgency,
        category=of_category,
        sentiment=of_sentiment,
        product=product_confidence,
        language=of_language(letter.language),
        intent=asked.intent_confidence,
        custom_fields=asked.field_confidences,
    )
    return Ticket.model_construct(
        issue=reading.issue,
        summary=reading.summary,
        product=product,
        category=category,
        urgency=urgency,
        sentiment=sentiment,
        language=None if language == UNKNOWN else language.lower(),
        intent=asked.intent,
        custom_fields=asked.fields,
        entities=_entities(letter),
        open_questions=open_questions(letter.written, language),
        flags=_flags(letter),
        confidence=confidence,
        needs_review=_needs_review(letter, confidence, asked),
        model=result.model,
        usage=TokenUsage.of(result.usage),
    )


def _product(
    letter: Letter, said: str | None, gateway: ModelGateway, vocabulary: Vocabulary
) -> tuple[str | None, Confidence]:
    """The product that the email names, whatever the model says, and how far to trust that."""
    email = letter.shown
    if vocabulary.products:
        product = find_product(email, said, vocabulary.products)
        verbatim = product is None or product.casefold() in email.casefold()
        return product, "high" if verbatim else "medium"
    if not gateway.traits.small:
        product = said and as_written(email, said)
        return product, "high" if product else "medium"
    product = name_by_shape(email, said, german=base(letter.language.code) == "DE")
    return product, "medium" if product and said and as_written(email, said) else "low"


def _asked(letter: Letter, details: DetailsRequest, output: Mapping[str, JsonValue]) -> _Asked:
    fields = dict(output)
    intent = fields.pop(INTENT, None) if details.intents else None
    return _Asked(
        intent=intent if isinstance(intent, str) else None,
        intent_confidence=_of_intent(letter, details, intent) if details.intents else None,
        fields=fields if details.fields else None,
        field_confidences={name: _of_value(letter, value) for name, value in fields.items()},
        lacks=bool(details.fields and details.fields.missing(fields)),
    )


def _of_intent(letter: Letter, details: DetailsRequest, intent: JsonValue) -> Confidence:
    """Agreement with the intents whose descriptions share the most words with the email."""
    said = intent if isinstance(intent, str) else ""
    words = words_of(letter.shown)
    shared = {
        name: len(words & words_of(f"{name} {text}")) for name, text in details.intents.items()
    }
    most = max(shared.values())
    return agreement(said, {name for name, count in shared.items() if most and count == most})


def _of_value(letter: Letter, value: JsonValue) -> Confidence:
    """Whether the email has the very value; what it does not say word for word is a judgement."""
    if isinstance(value, bool) or value is None:
        return "medium"
    values = value if isinstance(value, list) else [value]
    verbatim = all(as_written(letter.shown, str(item)) for item in values)
    return "high" if verbatim else "low"


def _entities(letter: Letter) -> list[Entity]:
    fields: tuple[tuple[Literal["subject", "body"], str], ...] = (
        ("subject", letter.subject),
        ("body", letter.body),
    )
    return [
        Entity.model_construct(
            type=found.type,
            field=field,
            text=found.text,
            value=found.value,
            start=found.start,
            end=found.end,
        )
        for field, text in fields
        for found in find_entities(text)
    ]


def _flags(letter: Letter) -> Flags:
    return Flags.model_construct(
        auto_reply=letter.is_automatic,
        quoted_only=letter.is_quoted_only,
        injection_suspected=letter.is_injection_suspected,
    )


def _needs_review(letter: Letter, confidence: Confidences, asked: _Asked) -> bool:
    return (
        letter.is_injection_suspected
        or letter.is_quoted_only
        or letter.language.code == UNKNOWN
        or asked.lacks
        or any(getattr(confidence, field) == "low" for field in _REVIEWED)
    )
