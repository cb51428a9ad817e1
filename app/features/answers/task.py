"""Product questions answered from documents."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from threading import Lock
from typing import Annotated, Any, Final

import regex
from cachetools import LRUCache, cached
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, InstanceOf
from pydantic_core import CoreSchema, core_schema

from app.features.answers.schemas import Action, Document, Message
from app.knowledge.reading import language_of
from app.knowledge.sources import Passage, Source
from app.knowledge.splitting import split

_SHORT: Final = 4_000  # characters of a document that is kept in its parts for a while
_MOST_KEPT: Final = 16_777_216  # bytes, about, of all that are
_PART_SIZE: Final = 250  # of a passage or sentence

_HEADER: Final = regex.compile(
    r"\s*(?:\[(?=[^]]{0,62}\]) *(?:(?<action>clarify|handoff|unknown)"
    r"|(?<source>[0-9]{1,9})(?: *, *(?<source>[0-9]{1,9}))*) *\][\s,:]*)*",
    regex.IGNORECASE,
)
_OPEN: Final = regex.compile(r"\[[a-z0-9 ,]{0,62}", regex.IGNORECASE)  # it may still be closed


def passages_of(documents: Sequence[Document]) -> tuple[Passage, ...]:
    """A request's documents cut into passages, in their order."""
    passages: list[Passage] = []
    for number, document in enumerate(documents, start=1):
        cut = _cut if len(document.text) <= _SHORT else _cut.__wrapped__
        name = document.id or f"document-{number}"
        passages += cut(name, document.title or "", document.url, document.text)
    return tuple(passages)


def _size(passages: Sequence[Passage]) -> int:
    parts = sum(1 + len(passage.sentences) for passage in passages)
    return _PART_SIZE * parts + 4 * _SHORT  # four bytes a character, its name and title aside


# Callers that search for themselves send the same documents with many questions.
@cached(LRUCache[Any, Sequence[Passage]](_MOST_KEPT, _size), lock=Lock())
def _cut(name: str, title: str, url: str | None, text: str) -> list[Passage]:
    return split(Source(name, title, text, url, language_of(text)))


class AnswerTask(BaseModel):
    """A question as the model is asked it, and what its answer may rest on.

    Attributes:
        passages: those that are shown, the best first; in files they are called documents.
        history: earlier messages, oldest first.
        unknown_above: the probability of "unknown" above which the model is shown no passages, so
            that it says that it does not know; None for never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    passages: Annotated[
        tuple[InstanceOf[Passage], ...],
        BeforeValidator(
            lambda given: passages_of([Document.model_validate(each) for each in given])
        ),
    ] = Field(alias="documents")
    history: tuple[Message, ...] = ()
    unknown_above: float | None = None

    @cached_property
    def sentences(self) -> Sequence[Passage]:
        """What the model reads, numbered from 1."""
        return [sentence for passage in self.passages for sentence in passage.sentences]

    def cited(self, numbers: Iterable[int]) -> list[Passage]:
        """The sentences of some numbers, as far as they exist."""
        most = len(self.sentences)
        return [self.sentences[number - 1] for number in numbers if 0 < number <= most]

    def changed(self, **fields: Any) -> "AnswerTask":
        own = {name: getattr(self, name) for name in AnswerTask.model_fields}
        return AnswerTask.model_construct(**own | fields)

    def shorter(self) -> "AnswerTask | None":
        """The same with about half of the history, or else of the passages; None at the end."""
        if self.history:
            return self.changed(history=self.history[(len(self.history) + 1) // 2 :])
        if len(self.passages) > 1:
            return self.changed(passages=self.passages[: len(self.passages) // 2])
        return None


class Written(str):
    """What the model wrote: brackets that say what the answer rests on, then the answer.

    ``[3] Yes.``, ``[2][5] Until 10:30.``, ``[unknown] I don't know.`` Brackets that hold anything
    else are text. In examples and cases, it is the same.

    Attributes:
        action: what the model does; an answer, unless the brackets name something else.
        sources: the numbers in the brackets, each once, in their order.
        is_headed: whether it begins with brackets.
        is_open: whether more brackets may follow, if it goes on.
        rest: what follows the brackets.
        text: the answer itself.
    """

    __slots__ = ("action", "is_headed", "is_open", "rest", "sources", "text")

    def __init__(self, written: str) -> None:
        found: Any = _HEADER.match(written)
        actions, sources = found.captures("action"), found.captures("source")
        self.action: Action = actions[-1].lower() if actions else "answer"
        self.sources: tuple[int, ...] = tuple(dict.fromkeys(map(int, sources)))
        self.is_headed = bool(actions or sources)
        self.rest: str = written[found.end() :]
        self.text = self.rest.strip()
        self.is_open = not self.rest or _OPEN.fullmatch(self.rest) is not None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_complete, core_schema.str_schema())


def _complete(text: str) -> Written:
    written = Written(text)
    if not written.text:
        raise ValueError("There is no text after the brackets.")
    return written
