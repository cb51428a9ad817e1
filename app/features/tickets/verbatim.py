"""What an email has, exactly, of what the model says that it has; and addresses.

The same in every language.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

import phonenumbers
from pydantic import Field

from app.features.spans import emails, urls
from app.features.tickets.reading import Named, NamedType
from app.features.wire import Output

EntityType = Literal[NamedType, "email", "url"]
Part = tuple[Literal["subject", "body"], str]

_MOST_ADDRESSES: Final = 50  # of a kind
_MOST_TRIES: Final = 1_000
_LONGEST_NAME: Final = 100  # characters
_JOINED: Final = r"[\dA-Za-zªµºÀ-ÖØ-öø-ɏ]"  # digits of any script, and letters of Latin words
_EDGE: Final = re.compile(rf"(?<!{_JOINED})|(?!{_JOINED})")


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


def place(text: str, wanted: str, start: int = 0) -> int:
    """Where a text has another that is no part of a longer number, code or word; -1 if nowhere.

    So "77" does not stand in "77120", nor "Lumo S2" in "Lumo S20".
    """
    for _ in range(_MOST_TRIES if wanted else 0):
        start = text.find(wanted, start)
        if start < 0 or _is_whole(text, start, start + len(wanted)):
            return start
        start += 1
    return -1


def spelled(text: str, name: str) -> str | None:
    """A name as a text has it, in any case, with or without spaces and hyphens; None if nowhere."""
    if place(text, name) >= 0:
        return name
    letters = [re.escape(letter) for letter in _key(name)]
    if 0 < len(letters) <= _LONGEST_NAME:
        for found in re.finditer(r"[\s-]*".join(letters), text, re.IGNORECASE):
            if _is_whole(text, *found.span()):
                return _folded(found[0])
    return None


def in_catalogue(said: str, products: tuple[str, ...]) -> str | None:
    """The one product that a name stands for, compared without case, spaces and hyphens.

    The name itself, else the only one that has all its words, or all of whose words it has: "Lumo
    S2 lamp" is Lumo S2, but "Lumo" is none where there are Lumo S2 and Lumo S3.
    """
    names, key = _names(products), _key(said)
    if key in names:
        return names[key]
    alike = [
        name
        for its, name in names.items()
        if (key in its and spelled(name, said)) or (its in key and spelled(said, name))
    ]
    return alike[0] if len(alike) == 1 else None


def copied(text: str, said: Iterable[str]) -> tuple[list[str], list[str]]:
    """What a text has of what is said to be copied from it, and what it has not.

    White space does not count.
    """
    words = [one for one in map(_folded, said) if one]
    whole = _folded(text) if words else ""
    return [one for one in words if one in whole], [one for one in words if one not in whole]


def _folded(text: str) -> str:
    """A text with each run of white space as one space."""
    return " ".join(text.split())


def _key(name: str) -> str:
    return "".join(name.replace("-", "").split()).casefold()


@lru_cache(maxsize=4)
def _names(products: tuple[str, ...]) -> Mapping[str, str]:
    return {_key(product): product for product in products}


def _is_whole(text: str, start: int, end: int) -> bool:
    return bool(_EDGE.match(text, start) and _EDGE.match(text, end))
