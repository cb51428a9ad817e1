"""The feature: numbered sentences and a question, and what the model makes of them."""

from dataclasses import replace
from typing import Final

from app.features.answers.header import Header, Written
from app.features.answers.proofs import keeps_figures, names_sources
from app.features.answers.task import AnswerTask
from app.features.feature import Feature
from app.features.probabilities import probability_of
from app.gateway import PromptPrefix, Turn, Untrusted

_ALTERNATIVES: Final = 10  # likely tokens, of which one may begin "unknown"


class Answers(Feature[AnswerTask, Written]):
    """Answers questions from numbered sentences."""

    def __init__(self) -> None:
        super().__init__(
            "answers", asks=AnswerTask, gives=Written, proofs=(names_sources, keeps_figures)
        )
        self._telling = replace(self.make_prefix(), alternatives=_ALTERNATIVES)

    def render(self, request: AnswerTask) -> str:
        """The sentences, numbered over all passages, under their titles; then the question."""
        return "\n".join((*_numbered(request), f"Question: {request.question}"))

    def turns(self, request: AnswerTask) -> tuple[Turn, ...]:
        before = (
            Turn(message.role, (_said(message.role, message.content),))
            for message in request.history
        )
        return (*before, *super().turns(request))

    def prefix(self, request: AnswerTask) -> PromptPrefix:
        return super().prefix(request) if request.unknown_above is None else self._telling


def _said(role: str, content: str) -> str | Untrusted:
    return content if role == "assistant" else Untrusted(content)


def _numbered(request: AnswerTask) -> list[str]:
    lines: list[str] = []
    title, number = "", 1
    for page in request.pages:
        if title != page.title:
            lines.append(f"# {page.title}")
        lines += [f"[{at}] {line}" for at, line in enumerate(page.lines, start=number)]
        title, number = page.title, number + len(page.lines)
    return [*lines, ""] if lines else lines


def is_doubtful(task: AnswerTask, header: Header) -> bool:
    """Whether the model found it likely enough that no sentence tells, where it named some."""
    if task.unknown_above is None or not (task.sentences and header.start):
        return False
    unknown = probability_of(header.tokens, header.start, "unknown")
    return header.action == "answer" and unknown is not None and unknown >= task.unknown_above


FEATURE: Final = Answers()
