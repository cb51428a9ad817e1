"""What documents are: as their readers hand them over, once read, and in passages."""

from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Where something begins and ends in a text, in characters (code points)."""


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


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: where its section begins in the document's text, its level (1 is the highest)."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A document as plain text; equal to itself only.

    Attributes:
        id: its name; of a file, the path in its folder.
        title: empty if it has none.
        text: in paragraphs; all offsets count characters (code points) of it.
        url: where people can read it.
        language: ISO 639-1 code, if known.
    """

    id: str
    title: str
    text: str
    url: str | None = None
    language: str | None = None
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A part of a document, small enough to be found and read by itself; or a sentence of one.

    A list's item, a table's row and a line may each stand for a sentence.

    Attributes:
        start, end: where it stands in the document's text.
        heading: the headings it stands under, the highest first.
        sentences: its sentences in order, its headings left out; a sentence has none.
    """

    source: Source
    start: int
    end: int
    heading: tuple[str, ...] = ()
    sentences: tuple["Passage", ...] = ()

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]
