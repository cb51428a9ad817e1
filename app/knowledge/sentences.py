"""Sentences of documents, each with its place: the form in which documents reach the model."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.knowledge.sources import Passage
from app.sentences import spans


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage.

    Attributes:
        passage: which it is of.
        start, end: where it stands in the document's text, in characters.
    """

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        """Its text."""
        return self.passage.source.text[self.start : self.end]


def sentences_of(passages: Sequence[Passage]) -> list[Sentence]:
    """The passages' sentences in order."""
    return [
        Sentence(passage, passage.start + start, passage.start + end)
        for passage in passages
        for start, end in spans(passage.text, passage.source.language or "en")
    ]
