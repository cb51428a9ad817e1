"""What an email names, exactly: what the model says that it does, and addresses."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import phonenumbers
from pydantic import Field

from app.features.spans import emails, urls
from app.features.tickets.reading import Named, NamedType
from app.features.verbatim import place
from app.features.wire import Output

EntityType = Literal[NamedType, "email", "url"]
Part = tuple[Literal["subject", "body"], str]

_MOST_ADDRESSES: Final = 50  # of a kind


class Entity(Output):
    """Something exact that the email names."""

    type: EntityType
    field: Literal["subject", "body"] = Field(description="Where it stands.")
    text: str = Field(description="As it stands there.")
    value: str = Field(
        description="In one form: phone numbers by E.164 if they tell their country, the domains "
        "of e-mail addresses in lower case; all else as it stands there."
    )
    start: int = Field(description="Where it begins in that field, in Unicode characters.")
    end: int = Field(description="Where it ends.")


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
    return Entity(
        type=kind, field=field, text=text, value=value, start=start, end=start + len(text)
    )


def _e164(written: str) -> str:
    """A phone number by E.164, if it tells its country; else as it is written."""
    dialled = f"+{written[2:]}" if written.startswith("00") else written
    try:
        number = phonenumbers.parse(dialled, None)
    except phonenumbers.NumberParseException:
        return written
    possible = phonenumbers.is_possible_number(number)
    e164 = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, e164) if possible else written
