"""An email's ticket: what the model read in it, and what code finds and proves."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Literal, get_args

import phonenumbers
from pydantic_core import to_json

from app.errors import InputTooLong
from app.features.concurrency import aside
from app.features.feature import Result
from app.features.probabilities import confidence
from app.features.proofs import Check
from app.features.spans import emails, urls
from app.features.tickets.feature import FEATURE
from app.features.tickets.mail import is_automatic, split_reply, without_oldest
from app.features.tickets.schemas import (
    Category,
    Confidences,
    Entity,
    EntityType,
    Flags,
    Intent,
    Named,
    Part,
    Reading,
    Sentiment,
    TicketRequest,
    Urgency,
)
from app.features.verbatim import copied, in_catalogue, place, spelled
from app.gateway import Completion, ModelGateway
from app.languages import detect
from app.web.deps import State

_LEAST_SHOWN: Final = 500  # characters; an email is not cut to less, whatever the context
_MOST_ADDRESSES: Final = 50  # of a kind
_ALLOWED: Final = {
    "urgency": get_args(Urgency),
    "category": get_args(Category),
    "sentiment": get_args(Sentiment),
}


async def triage(
    request: TicketRequest, state: State, *, unread: bool = False
) -> tuple[dict[str, object], Result[Reading]]:
    """The fields of an email's ``Ticket``, and what it took; ``unread`` if it has unread parts."""
    if not request.intents and (own := state["vocabulary"].intents):
        intents = [Intent.model_construct(name=name, description=own[name]) for name in own]
        request = request.model_copy(update={"intents": intents})
    result, cut = await _read(request, state["gateway"])
    make = partial(_ticket, request, result, state, cut=cut, unread=unread)
    ticket, check = await aside(make, characters=len(request.content))
    return ticket, replace(result, checks=(*result.checks, check))


async def _read(request: TicketRequest, gateway: ModelGateway) -> tuple[Result[Reading], bool]:
    """What the model reads in the email, and whether the email had to be cut for it."""
    whole = request.content
    most = len(whole)
    while True:
        try:
            return await FEATURE.ask(request, gateway), most < len(whole)
        except InputTooLong:
            most //= 2
            if most < _LEAST_SHOWN:
                raise
        body = await aside(partial(without_oldest, whole, most), characters=len(whole))
        request = request.model_copy(update={"text": None, "body": body})


def _ticket(
    request: TicketRequest, result: Result[Reading], state: State, *, cut: bool, unread: bool
) -> tuple[dict[str, object], Check]:
    reading, names = result.output, request.intent_names
    stated, has_orders, missing = _stated(request, reading, state["vocabulary"].products)
    reply = split_reply(request.content)
    written = reply.text.strip()
    quoted_only = bool(reply.quoted and not written)
    language = detect(written or request.content)
    asked = request.custom_fields
    own = asked.fitting(reading.custom_fields or {}) if asked else {}
    lacking = any(own[name] is None for name in asked.required) if asked else False
    allowed = {**_ALLOWED, "intent": [*names, None] if names else []}
    sure = {name: _confidence(result.completion, reading, name, allowed[name]) for name in allowed}
    told = [one for name, one in sure.items() if one is not None and name != "sentiment"]
    unsure = any(one < state["settings"].review_below for one in told)
    return {
        **stated,
        **{name: getattr(reading, name) for name in ("issue", "summary", *_ALLOWED)},
        "language": language.lower() if len(language) == 2 else None,  # ISO 639-1 alone
        "intent": reading.intent if reading.intent in names else None,
        "custom_fields": own or None,
        "flags": Flags(
            auto_reply=is_automatic(request.headers),
            quoted_only=quoted_only,
            injection_suspected=has_orders,
            truncated=cut,
        ),
        "confidence": Confidences(**sure),
        "needs_review": cut or unread or quoted_only or has_orders or lacking or unsure,
    }, Check("verbatim", not missing, unexpected=tuple(missing), repairable=False)


def _stated(
    request: TicketRequest, reading: Reading, products: tuple[str, ...]
) -> tuple[Mapping[str, object], bool, list[str]]:
    """What the email has, word for word, of what the model says; orders; and what it has not."""
    text = "\n".join(part for _, part in request.parts)
    entities, missing = entities_of(request.parts, reading.entities)
    said = (reading.product or "").strip()
    product = spelled(text, said)
    missing += [said] if said and not product else []
    product = in_catalogue(product, products) if product and products else product
    questions, unasked = copied(text, reading.questions)
    orders, unordered = copied(text, [reading.injection or ""])
    stated = {"product": product, "entities": entities, "open_questions": questions}
    return stated, bool(orders), missing + unasked + unordered


def _confidence(
    completion: Completion, reading: Reading, field: str, allowed: Iterable[str | None]
) -> float | None:
    """The probability of what a field says among what is allowed; None if it is not told.

    A quote within a JSON string has a backslash before it: what looks like the field's name with
    a colon is the field's name.
    """
    if not completion.tokens:
        return None
    value, *choices = (to_json(one).decode() for one in (getattr(reading, field), *allowed))
    found = re.search(rf'"{field}"\s*:\s*', completion.text)
    if value not in choices or not found or not completion.text.startswith(value, found.end()):
        return None
    return confidence(completion.tokens, found.end(), value, choices)


def entities_of(parts: Sequence[Part], named: Iterable[Named]) -> tuple[list[Entity], list[str]]:
    """What the email names, as it stands there, and what the model says but stands nowhere.

    The same words twice stand at two places. A number without a digit is none.
    """
    found = list(_addresses(parts))
    missing: list[str] = []
    after: dict[tuple[str, str], int] = {}
    for one in named:
        said = one.text.strip()
        is_told = one.type == "date" or any(map(str.isdigit, said))  # a date may be a word
        for field, text in parts if is_told else ():
            start = place(text, said, after.get((field, said), 0))
            if start >= 0:
                after[field, said] = start + len(said)
                value = _e164(said) if one.type == "phone" else said
                found.append(_entity(one.type, field, said, value, start))
                break
        else:
            missing.append(said)
    return sorted(found, key=lambda one: (one.field == "body", one.start)), missing


def _addresses(parts: Sequence[Part]) -> Iterator[Entity]:
    """E-mail addresses and URLs, in each part at their first place.

    They have one form in every language: the model need not write them.
    """
    for field, text in parts:
        for address in dict.fromkeys(emails(text)[:_MOST_ADDRESSES]):
            local, _, domain = address.rpartition("@")
            value = f"{local}@{domain.lower()}"
            yield _entity("email", field, address, value, text.find(address))
        for url in dict.fromkeys(urls(text)[:_MOST_ADDRESSES]):
            yield _entity("url", field, url, url, text.find(url))


def _entity(
    kind: EntityType, field: Literal["subject", "body"], text: str, value: str, start: int
) -> Entity:
    end = start + len(text)
    return Entity(type=kind, field=field, text=text, value=value, start=start, end=end)


def _e164(written: str) -> str:
    """A phone number by E.164, if it tells its country; else as it is written."""
    dialled = f"+{written[2:]}" if written.startswith("00") else written
    try:
        number = phonenumbers.parse(dialled, None)
    except phonenumbers.NumberParseException:
        return written
    if not phonenumbers.is_possible_number(number):
        return written
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
