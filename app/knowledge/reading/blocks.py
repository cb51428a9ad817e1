"""What the readers of all formats hand over: a document in blocks, not yet one text."""

from collections.abc import Sequence
from dataclasses import dataclass


class Unreadable(Exception):
    """A document that cannot be read.

    Attributes:
        reason: why, in a few words for the operator.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table, piece of code or heading.

    Attributes:
        text: its text, in lines.
        level: 1 to 6 of a heading, else 0.
    """

    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as its format tells it.

    Attributes:
        blocks: in the order in which they are read.
        title: as the document calls itself; empty if it does not.
        url: where it says that it can be read.
        language: BCP 47 tag of the language that it says it is in.
    """

    blocks: Sequence[Block]
    title: str = ""
    url: str | None = None
    language: str | None = None
