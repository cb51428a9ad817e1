"""Product questions answered from documents."""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf

from app.features.answers.schemas import Document, FoundPassage, Message
from app.knowledge.reading import language_of
from app.knowledge.sources import Passage, Source
from app.knowledge.splitting import split

_SHORT: Final = 4_000  # characters of a document that is kept in its parts for a while


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
    return split(Source(name, title, text, url, language_of(text)))


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
    def read(self) -> Sequence[Passage]:
        """The passages that the model reads."""
        return () if self.is_blind else self.passages

    @cached_property
    def sentences(self) -> Sequence[Passage]:
        """The sentences that the model reads; numbered from 1."""
        return [sentence for passage in self.read for sentence in passage.sentences]

    @cached_property
    def shown(self) -> list[FoundPassage]:
        """The passages as callers see them."""
        return [FoundPassage.of(passage) for passage in self.passages]

    def cited(self, numbers: Iterable[int]) -> list[Passage]:
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
