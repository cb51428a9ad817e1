"""Long texts in pieces that a model can take; no character is lost."""

import re
from typing import Final

from app.knowledge.sentences import LONGEST, spans

_BARE: Final = re.compile(r"\S(?:.*\S)?", re.DOTALL)


def cut(text: str, *, language: str, most: int) -> list[str]:
    """A text in pieces of as many sentences as there is room for, and the white space around them.

    Args:
        text: any text.
        language: its code, as far as it is known; sentences do not end alike in all of them.
        most: characters of a piece; more than a list's mark takes.
    """
    found = [whole.span() for whole in _BARE.finditer(text)]
    if found and found[0][1] - found[0][0] > most:
        found = spans(text, 0, len(text), language, min(most, LONGEST))
    packs: list[tuple[int, int]] = []
    for start, end in found:
        if packs and end - packs[-1][0] <= most:
            start, _ = packs.pop()
        packs.append((start, end))
    parts, at = list[str](), 0
    for start, end in packs:
        parts += [text[at:start], text[start:end]]
        at = end
    return [part for part in (*parts, text[at:]) if part]


def has_words(text: str) -> bool:
    """Whether there is a letter of any script in a text, so that it can be translated."""
    return any(map(str.isalpha, text))
