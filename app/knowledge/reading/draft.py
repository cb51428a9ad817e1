"""What the readers of all formats hand over: a document in blocks, not yet one text."""

from collections.abc import Sequence
from dataclasses import dataclass


class Unreadable(Exception):
    """A document cannot be read; the text says why, in a few words for the operator."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table, piece of code or, with a level from 1 to 6, a heading."""

    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as its format tells it: its blocks in order, and what it says about itself.

    The title is empty, the URL None and the language (a BCP 47 tag) None where it says nothing.
    """

    blocks: Sequence[Block]
    title: str = ""
    url: str | None = None
    language: str | None = None
