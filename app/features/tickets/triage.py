"""An email's ticket: what the model read in it, and what code finds and proves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final

from pydantic_core import to_json

from app.errors import InputTooLong
from app.features.concurrency import aside
from app.features.feature import Result
from app.features.probabilities import confidence
from app.features.proofs import Check
from app.features.tickets.entities import Entity, Part, addresses, placed
from app.features.tickets.feature import FEATURE
from app.features.tickets.form import Form
from app.features.tickets.mail import is_automatic, split_reply, without_oldest
from app.features.tickets.reading import CATEGORIES, SENTIMENTS, URGENCIES, Reading
from app.features.tickets.request import Intent, TicketRequest
from app.features.tickets.ticket import Confidences, Flags
from app.features.tickets.verbatim import folded, in_catalogue, spelled
from app.gateway import Completion, ModelGateway
from app.knowledge.vocabulary import Vocabulary
from app.languages import detect

_LEAST_SHOWN: Final = 500  # characters; an email is not cut to less, whatever the context
_UNTOLD: Final = Confidences(urgency=None, category=None, sentiment=None, intent=None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What tickets are made with; under ``review_below``, 0 to 1, confidence wants a human."""

    gateway: ModelGateway
    vocabulary: Vocabulary
    review_below: float


async def triage(
    request: TicketRequest, desk: Desk, *, unread: bool = False
) -> tuple[dict[str, object], Result[Reading]]:
    """The fields of an email's ``Ticket``, and what it took.

    Args:
        request: the email, and what is asked of it.
        desk: what to make it with.
        unread: whether the email has parts that nobody read.

    Raises:
        GroundworkError: what the gateway raises.
    """
    if desk.vocabulary.intents and not request.intents:
        intents = _intents(tuple(desk.vocabulary.intents.items()))
        request = request.model_copy(update={"intents": intents})
    result, cut = await _read(request, desk.gateway)
    make = partial(_ticket, request, result, desk, cut=cut, unread=unread)
    ticket, check = await aside(make, characters=len(request.content))
    return ticket, replace(result, checks=(*result.checks, check))


async def _read(request: TicketRequest, gateway: ModelGateway) -> tuple[Result[Reading], bool]:
    """What the model reads in the email, and whether the email had to be cut for it."""
    whole, cut = request.content, False
    most = len(whole)
    while True:
        try:
            return await FEATURE.ask(request, gateway), cut
        except InputTooLong:
            most //= 2
            if most < _LEAST_SHOWN:
                raise
        body, cut = await aside(partial(without_oldest, whole, most), characters=len(whole))
        request = request.model_copy(update={"text": None, "body": body})


def _ticket(
    request: TicketRequest, result: Result[Reading], desk: Desk, *, cut: bool, unread: bool
) -> tuple[dict[str, object], Check]:
    reading, form = result.output, request.form
    stated, missing = _stated(request.parts, reading, desk.vocabulary.products)
    email = f"{request.subject}\n{request.content}"
    orders, uncopied = _copied(email, [reading.injection or ""])
    missing += uncopied
    written, quoted_only = _written(request.content)
    language = detect(written)
    own = form.custom_fields(reading) if form else None
    lacking = any(own[name] is None for name in form.required) if form and own else False
    sure = _confidences(result.completion, reading, form)
    unsure = _is_below(desk.review_below, sure.urgency, sure.category, sure.intent)
    return {
        **stated,
        "issue": reading.issue,
        "summary": reading.summary,
        "category": CATEGORIES[reading.topic],
        "urgency": URGENCIES[reading.situation],
        "sentiment": SENTIMENTS[reading.mood],
        "language": language.lower() if len(language) == 2 else None,  # ISO 639-1 alone
        "intent": form.intent(reading) if form else None,
        "custom_fields": own,
        "flags": Flags(
            auto_reply=is_automatic(request.headers.items()),
            quoted_only=quoted_only,
            injection_suspected=bool(orders),
            truncated=cut,
        ),
        "confidence": sure,
        "needs_review": cut or unread or quoted_only or bool(orders) or lacking or unsure,
    }, Check("verbatim", not missing, unexpected=tuple(missing), repairable=False)


def _stated(
    parts: tuple[Part, Part], reading: Reading, products: tuple[str, ...]
) -> tuple[dict[str, object], list[str]]:
    """What the email has, word for word, of what the model says; and what it has not."""
    named, missing = placed(parts, reading.entities)
    text = f"{parts[0][1]}\n{parts[1][1]}"
    said = (reading.product or "").strip()
    product = spelled(text, said)
    missing += [said] if said and not product else []
    product = in_catalogue(product, products) if product and products else product
    questions, uncopied = _copied(text, reading.questions)
    missing += uncopied
    entities = sorted([*named, *addresses(parts)], key=_order)
    return {"product": product, "entities": entities, "open_questions": questions}, missing


def _copied(text: str, said: Iterable[str]) -> tuple[list[str], list[str]]:
    """What a text has of what is said to be copied from it, and what it has not."""
    words = [one for one in map(folded, said) if one]
    whole = folded(text) if words else ""
    return [one for one in words if one in whole], [one for one in words if one not in whole]


def _order(entity: Entity) -> tuple[bool, int]:
    return entity.field == "body", entity.start


def _written(body: str) -> tuple[str, bool]:
    """What the sender newly wrote, or all where that is nothing; and whether it is nothing."""
    if ">" not in body:  # with which quoted lines begin (RFC 3676)
        return body, False
    reply = split_reply(body)
    return (reply.text, False) if reply.text.strip() else (body, bool(reply.quoted))


def _confidences(completion: Completion, reading: Reading, form: Form | None) -> Confidences:
    if not completion.tokens:
        return _UNTOLD
    intents = (*form.intents, None) if form and form.intents else ()
    return Confidences(
        urgency=_confidence(completion, "situation", reading.situation, URGENCIES),
        category=_confidence(completion, "topic", reading.topic, CATEGORIES),
        sentiment=_confidence(completion, "mood", reading.mood, SENTIMENTS),
        intent=_confidence(completion, "intent", reading.intent, intents) if intents else None,
    )


def _confidence(
    completion: Completion, field: str, said: str | None, allowed: Iterable[str | None]
) -> float | None:
    """The probability of what a field says among what is allowed; None if it is not told.

    A quote within a JSON string has a backslash before it: what looks like the field's name with
    a colon is the field's name.
    """
    value, *choices = (to_json(one).decode() for one in (said, *allowed))
    found = re.search(rf'"{field}"\s*:\s*', completion.text)
    if value not in choices or not found or not completion.text.startswith(value, found.end()):
        return None
    return confidence(completion.tokens, found.end(), value, choices)


def _is_below(threshold: float, *confidences: float | None) -> bool:
    return any(one is not None and one < threshold for one in confidences)


@lru_cache(maxsize=4)
def _intents(named: tuple[tuple[str, str], ...]) -> list[Intent]:
    """The operator's intents, as a caller would send them."""
    return [Intent.model_construct(name=name, description=meaning) for name, meaning in named]
