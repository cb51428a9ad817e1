"""The feature: numbered sentences and a question, and what the model makes of them."""

from dataclasses import replace
from typing import Final

from app.errors import ModelOutputTruncated
from app.features.answers.header import Written
from app.features.answers.proofs import keeps_figures, names_sources
from app.features.answers.schemas import AnswerRequest
from app.features.answers.task import AnswerTask
from app.features.feature import Example, Feature, Texts
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
            "answers",
            asks=AnswerTask,
            gives=Written,
            proofs=(names_sources, keeps_figures),
            takes=AnswerRequest,
            margin=0.07,
        )

    def use(self, texts: Texts[AnswerTask, Written]) -> None:
        super().use(texts)
        told = [each for each in self.examples if each.output.action == "answer"]
        untold = [each for each in self.examples if each.output.action == "unknown"]
        self._telling = self.make_prefix(examples=told)
        self._doubting = replace(
            self._telling, alternatives=_ALTERNATIVES, stop=("]",), max_tokens=8
        )
        self._blind = self.make_prefix(
            examples=[
                Example(input=each.input.changed(passages=()), output=each.output)
                for each in untold
            ]
        )

    async def doubted(self, task: AnswerTask, gateway: ModelGateway) -> tuple[AnswerTask, Usage]:
        """The task, without passages if the model finds it likely that none tells; what it took."""
        if task.unknown_above is None or not task.sentences:
            return task, Usage()
        *before, asked = self.turns(task)
        turns = (*before, Turn("user", (*asked.parts, _DOUBT)))
        try:
            completion = await gateway.complete(Prompt(self._doubting, turns))
        except ModelOutputTruncated:  # it wrote no brackets
            return task, Usage()
        start = completion.text.find("[") + 1
        unknown = probability_of(completion.tokens, start, "unknown")
        if unknown is not None and unknown >= task.unknown_above:
            task = task.changed(passages=())
        return task, completion.usage

    def render(self, request: AnswerTask) -> str:
        """The sentences, numbered over all passages, under their titles; then the question."""
        lines: list[str] = []
        above, number = "", 1
        for passage in request.passages:
            titles = filter(None, dict.fromkeys((passage.source.title, *passage.heading)))
            title = _line(" > ".join(titles)) or _line(passage.source.id)
            if title != above:
                lines.append(f"# {title}")
            for sentence in passage.sentences:
                lines.append(f"[{number}] {_line(sentence.text)}")
                number += 1
            above = title
        if lines:
            lines.append("")
        return "\n".join((*lines, f"Question: {_line(request.question)}"))

    def turns(self, request: AnswerTask) -> tuple[Turn, ...]:
        before = (
            Turn(each.role, (Untrusted(each.content) if each.role == "user" else each.content,))
            for each in request.history
        )
        return (*before, *super().turns(request))

    def prefix(self, request: AnswerTask) -> PromptPrefix:
        if not request.sentences:
            return self._blind
        return super().prefix(request) if request.unknown_above is None else self._telling


def _line(text: str) -> str:
    """A text in one line, so that none can pretend to be another's number."""
    return " ".join(text.split())


FEATURE: Final = Answers()
