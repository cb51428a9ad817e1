"""What the model is asked, a question and numbered passages, and what a strong one answers."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    StringConstraints,
)

from app.features.answers.relevance import Relevance
from app.features.answers.schemas import Document, Message
from app.features.wire import nearest
from app.knowledge.sources import Passage, Source


def whole(documents: Any) -> Any:
    """Documents as examples and test cases have them, each as one passage."""
    return tuple(
        item if isinstance(item, Passage) else _passage(Document.model_validate(item), number)
        for number, item in enumerate(documents, start=1)
    )


def source_of(document: Document, number: int) -> Source:
    """A document of a request as a source."""
    name = document.id or f"document-{number}"
    return Source(name, document.title or "", document.text, url=document.url)


def _passage(document: Document, number: int) -> Passage:
    return Passage(source_of(document, number), 0, len(document.text))


class AnswerTask(BaseModel):
    """A question and what its answer may rest on.

    Attributes:
        question: clear by itself.
        passages: the best first; they are called documents in files.
        history: earlier turns, oldest first.
        same_language: whether the question is in the passages' language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    passages: Annotated[tuple[InstanceOf[Passage], ...], BeforeValidator(whole)] = Field(
        alias="documents"
    )
    history: tuple[Message, ...] = ()
    same_language: bool = True

    @cached_property
    def relevance(self) -> Relevance:
        """How near the passages' sentences are to the question."""
        return Relevance(self.question, self.passages)

    @cached_property
    def verdicts(self) -> dict[Any, Any]:
        """What was found of outputs; the frame asks, and then whoever gives the answer."""
        return {}

    def _with(self, **fields: Any) -> "AnswerTask":
        own = {name: getattr(self, name) for name in AnswerTask.model_fields}
        return AnswerTask.model_construct(**own | fields)

    def shorter(self) -> "AnswerTask | None":
        """The same with about half of the history, then of the passages; None at the end."""
        if self.history:
            rest = self.history[(len(self.history) + 1) // 2 :]
            return self._with(history=rest)
        if len(self.passages) > 1:
            rest = self.passages[: len(self.passages) // 2]
            return self._with(passages=rest)
        return None


ModelAction = Literal["answer", "clarify", "handoff", "unknown"]


class Quote(BaseModel):
    """A document's own words that prove a claim."""

    model_config = ConfigDict(frozen=True)

    document: int
    quote: str


class CitedAnswer(BaseModel):
    """What a strong model writes: the answer first, so that it can be shown as it comes."""

    model_config = ConfigDict(frozen=True)

    answer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    action: Annotated[ModelAction, nearest(ModelAction)]
    citations: tuple[Quote, ...] = Field(max_length=12)
    suggestions: tuple[str, ...] = Field(max_length=5)
