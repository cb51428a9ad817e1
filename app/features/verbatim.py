"""Where a text has what somebody says that it has: word for word, in every language."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

_MOST_TRIES: Final = 1_000
_LONGEST_NAME: Final = 100  # characters
_JOINED: Final = r"[\dA-Za-zªµºÀ-ÖØ-öø-ɏ]"  # digits of any script, and letters of Latin words
_EDGE: Final = re.compile(rf"(?<!{_JOINED})|(?!{_JOINED})")


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
    letters = [re.escape(letter) for letter in bare(name)]
    if 0 < len(letters) <= _LONGEST_NAME:
        for found in re.finditer(r"[\s-]*".join(letters), text, re.IGNORECASE):
            if _is_whole(text, *found.span()):
                return in_a_line(found[0])
    return None


def in_catalogue(said: str, products: tuple[str, ...]) -> str | None:
    """The one product that a name stands for, compared without case, spaces and hyphens.

    The name itself, else the only one that has all its words, or all of whose words it has: "Lumo
    S2 lamp" is Lumo S2, but "Lumo" is none where there are Lumo S2 and Lumo S3.
    """
    names, key = _names(products), bare(said)
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
    words = [one for one in map(in_a_line, said) if one]
    whole = in_a_line(text) if words else ""
    return [one for one in words if one in whole], [one for one in words if one not in whole]


def in_a_line(text: str) -> str:
    """A text with each run of white space as one space."""
    return " ".join(text.split())


def bare(name: str) -> str:
    """A name as catalogues are read: without case, spaces and hyphens."""
    return "".join(name.replace("-", "").split()).casefold()


@lru_cache(maxsize=4)
def _names(products: tuple[str, ...]) -> Mapping[str, str]:
    return {bare(product): product for product in products}


def _is_whole(text: str, start: int, end: int) -> bool:
    return bool(_EDGE.match(text, start) and _EDGE.match(text, end))
