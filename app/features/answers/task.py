"""Product questions answered from documents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf

from app.features.answers.schemas import Document, FoundPassage, Message
from app.knowledge.sentences import Sentence, sentences_of
from app.knowledge.sources import Passage, Source
from app.knowledge.splitting import split
from app.languages import UNKNOWN, detect

_SHORT: Final = 4_000  # characters of a document that is kept in its parts for a while


@dataclass(frozen=True, slots=True)
class Page:
    """A passage as the model reads it.

    Attributes:
        title: its title and headings, which tell what its sentences are about.
        sentences: its sentences.
        lines: their texts, each in one line, so that none can pretend to be another's number.
    """

    title: str
    sentences: Sequence[Sentence]
    lines: Sequence[str]


def passages_of(documents: Sequence[Document]) -> tuple[Passage, ...]:
    """A request's documents cut into passages, in their order."""
    passages: list[Passage] = []
    for number, document in enumerate(documents, start=1):
        cut = _cut if len(document.text) <= _SHORT else _cut.__wrapped__
        name = document.id or f"document-{number}"
        passages += cut(name, document.title or "", document.url, document.text)
    return tuple(passages)


# Callers that search for themselves send the same documents with many questions.
@lru_cache(maxsize=1_024)
def _cut(name: str, title: str, url: str | None, text: str) -> list[Passage]:
    language = detect(text)
    code = None if language == UNKNOWN else language.lower()
    return split(Source(name, title, text, url, code))


@lru_cache(maxsize=2_048)
def _page(passage: Passage) -> Page:
    titles = filter(None, dict.fromkeys((passage.source.title, *passage.heading)))
    sentences = sentences_of((passage,))
    lines = [_line(sentence.text) for sentence in sentences]
    return Page(_line(" > ".join(titles)) or passage.source.id, sentences, lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _of_file(documents: Any) -> tuple[Passage, ...]:
    """The documents of an example or a test case."""
    return passages_of([Document.model_validate(document) for document in documents])


class AnswerTask(BaseModel):
    """A question as the model is asked it, and what its answer may rest on.

    Attributes:
        question: as it came.
        passages: those that are shown, the best first; in files they are called documents.
        history: earlier messages, oldest first.
        is_blind: whether the passages are left out, so that the model says that it does not know.
        unknown_above: the probability of "unknown" above which that is done; None for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    passages: Annotated[tuple[InstanceOf[Passage], ...], BeforeValidator(_of_file)] = Field(
        alias="documents"
    )
    history: tuple[Message, ...] = ()
    is_blind: bool = False
    unknown_above: float | None = None

    @cached_property
    def pages(self) -> Sequence[Page]:
        """What the model reads."""
        return [
            (_page if len(passage.source.text) <= _SHORT else _page.__wrapped__)(passage)
            for passage in (() if self.is_blind else self.passages)
        ]

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """What the model reads; numbered from 1."""
        return [sentence for page in self.pages for sentence in page.sentences]

    @cached_property
    def shown(self) -> list[FoundPassage]:
        """The passages as callers see them."""
        return [FoundPassage.of(passage) for passage in self.passages]

    def cited(self, numbers: Iterable[int]) -> list[Sentence]:
        """The sentences of some numbers, as far as they exist."""
        sentences = self.sentences
        return [sentences[number - 1] for number in numbers if 0 < number <= len(sentences)]

    def changed(self, **fields: Any) -> "AnswerTask":
        """The same with other values of some attributes."""
        own = {name: getattr(self, name) for name in AnswerTask.model_fields}
        return AnswerTask.model_construct(**own | fields)

    def shorter(self) -> "AnswerTask | None":
        """The same with about half of the history, or else of the passages; None at the end."""
        if self.history:
            return self.changed(history=self.history[(len(self.history) + 1) // 2 :])
        if len(self.passages) > 1 and not self.is_blind:
            return self.changed(passages=self.passages[: len(self.passages) // 2])
        return None
