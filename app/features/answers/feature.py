"""The feature: numbered sentences and a question, and what the model makes of them."""

from dataclasses import replace
from typing import Final

from app.errors import ModelOutputTruncated
from app.features.answers.header import Written
from app.features.answers.proofs import keeps_figures, names_sources
from app.features.answers.task import AnswerTask
from app.features.feature import Example, Feature
from app.features.probabilities import probability_of
from app.gateway import ModelGateway, Prompt, PromptPrefix, Turn, Untrusted, Usage

_ALTERNATIVES: Final = 10  # likely tokens, of which one may begin "unknown"
_DOUBT: Final = "If no sentence tells what is asked: [unknown]"


class Answers(Feature[AnswerTask, Written]):
    """Answers questions from numbered sentences.

    A small model that was shown an example of "unknown" says so too often, one that was not never
    does. So of a model with a threshold (``ModelTraits.unknown_above``) it is asked first, by a
    question that ends at the brackets, how probable that is; what it read for that, it need not
    read again.
    """

    def __init__(self) -> None:
        super().__init__(
            "answers", asks=AnswerTask, gives=Written, proofs=(names_sources, keeps_figures)
        )
        told = [each for each in self.examples if each.output.action == "answer"]
        untold = [each for each in self.examples if each.output.action == "unknown"]
        self._telling = self.make_prefix(examples=told)
        self._doubting = replace(
            self._telling, alternatives=_ALTERNATIVES, stop=("]",), max_tokens=8
        )
        self._blind = self.make_prefix(examples=list(map(_blind, untold)))

    async def doubt(self, task: AnswerTask, gateway: ModelGateway) -> tuple[bool, Usage]:
        """Whether the model finds it likely enough that no sentence tells; and what that took.

        Raises:
            GroundworkError: what the gateway raises.
        """
        if task.unknown_above is None or not task.sentences:
            return False, Usage()
        *before, asked = self.turns(task)
        turns = (*before, Turn("user", (*asked.parts, _DOUBT)))
        try:
            completion = await gateway.complete(Prompt(self._doubting, turns))
        except ModelOutputTruncated:  # it wrote no brackets
            return False, Usage()
        start = completion.text.find("[") + 1
        unknown = probability_of(completion.tokens, start, "unknown")
        return unknown is not None and unknown >= task.unknown_above, completion.usage

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
        if not request.sentences:
            return self._blind
        return super().prefix(request) if request.unknown_above is None else self._telling


def _blind(example: Example[AnswerTask, Written]) -> Example[AnswerTask, Written]:
    return Example(input=example.input.changed(is_blind=True), output=example.output)


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


FEATURE: Final = Answers()
