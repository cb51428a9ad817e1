"""The feature: numbered sentences and a question, what the model makes of them, what code proves."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.errors import ModelOutputTruncated
from app.features.answers.schemas import AnswerRequest
from app.features.answers.task import AnswerTask, Written
from app.features.feature import Example, Feature, Texts
from app.features.probabilities import probability_of
from app.features.proofs import Check
from app.features.verbatim import in_a_line
from app.gateway import ModelGateway, Prompt, PromptPrefix, Turn, Untrusted, Usage
from app.knowledge.sources import Passage

_ALTERNATIVES: Final = 10  # likely tokens, of which one may begin "unknown"
_DOUBT: Final = "If no sentence tells what is asked: [unknown]"

_NO_BRACKETS: Final = (
    "It does not begin with square brackets that hold the numbers of the sentences it rests on, "
    "or another word that the instruction names."
)
_NO_SENTENCES: Final = "There are no sentences: begin with [unknown], and say that you do not know."

_LINK: Final = r"(?:https?://|www\.)[^\s<>\"')\]]+|(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"
_FIGURE: Final = r"\d+(?:[.,:]\d+|['’\u00a0\u202f]\d{3}(?!\d))*"
_FIGURES: Final = re.compile(_FIGURE)
_EXACT: Final = re.compile(
    rf"(?P<link>{_LINK})|(?P<code>(?<![A-Za-z0-9])[A-Za-z]++[-‑]?[0-9][A-Za-z0-9]*)"
    rf"|(?P<item>^\d{{1,2}}[.)](?=\s))|(?P<figure>{_FIGURE})",
    re.MULTILINE,
)
_CODES: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]++[-‑ \u00a0]?[0-9][A-Za-z0-9]*")
_JOINTS: Final = str.maketrans("", "", "-‑ \u00a0")
_POINTS: Final = str.maketrans(",:", "..", "'’\u00a0\u202f")
_THOUSANDS: Final = re.compile(r"\.(?=\d{3}(?!\d))")
_NO_VALUE: Final = re.compile(r"^0+(?=\d)|\.0{1,2}$|(?<=\.\d)0$")


class Answers(Feature[AnswerTask, Written]):
    """Answers questions from numbered sentences.

    A small model that was shown an example of "unknown" says so too often, one that was not never
    does. So of a model with a threshold (``ModelTraits.unknown_above``) it is asked first, by a
    question that ends at the brackets, how probable that is; what it read for that, it need not
    read again.
    """

    def use(self, texts: Texts[AnswerTask, Written]) -> None:
        super().use(texts)
        told = [each for each in self.examples if each.output.action == "answer"]
        untold = [each for each in self.examples if each.output.action == "unknown"]
        self._telling = self.make_prefix(examples=told)
        asks = {"alternatives": _ALTERNATIVES, "stop": ("]",), "max_tokens": 8}
        self._doubting = replace(self._telling, **asks)
        blind = [(each.input.changed(passages=()), each.output) for each in untold]
        self._blind = self.make_prefix(
            examples=[Example(input=task, output=output) for task, output in blind]
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
        """The sentences, numbered over all passages, under their titles; then the question.

        Each in one line, so that none can pretend to be another's number.
        """
        lines: list[str] = []
        above, number = "", 1
        for passage in request.passages:
            titles = filter(None, dict.fromkeys((passage.source.title, *passage.heading)))
            title = in_a_line(" > ".join(titles)) or in_a_line(passage.source.id)
            if title != above:
                lines.append(f"# {title}")
            for sentence in passage.sentences:
                lines.append(f"[{number}] {in_a_line(sentence.text)}")
                number += 1
            above = title
        if lines:
            lines.append("")
        return "\n".join((*lines, f"Question: {in_a_line(request.question)}"))

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


def names_sources(request: AnswerTask, output: Written) -> Check:
    """Whether the sentences exist that the answer says it rests on."""
    most = len(request.sentences)
    wrong = tuple(f"[{number}]" for number in output.sources if not 0 < number <= most)
    advice = ""
    if not output.is_headed:
        advice = _NO_BRACKETS
    elif wrong:
        last = f"There is no sentence {', '.join(wrong)}: the last one is [{most}]."
        advice = last if most else _NO_SENTENCES
    return Check("sources", not advice, unexpected=wrong, advice=advice)


def keeps_figures(request: AnswerTask, output: Written) -> Check | None:
    """Whether the answer's addresses, codes and figures stand in what it rests on.

    That is the sentences that it cites, under their titles, or all where it cites none, and what
    was said before. Figures are compared by their digits: 12,50 is 12.5, and 07:00 is 7.
    """
    matches = _EXACT.finditer(output.text)
    found = {match[0]: match.lastgroup for match in matches if match.lastgroup != "item"}
    if not found:
        return None
    text = _evidence(request, request.cited(output.sources) or request.sentences)
    codes = {_bare(code) for code in _CODES.findall(text)}
    figures = {value for figure in _FIGURES.findall(text) for value in _values(figure)}
    text = text.lower()

    def stands(kind: str | None, said: str) -> bool:
        if kind == "link":
            return said.rstrip(".,;:!?").lower() in text
        return _bare(said) in codes if kind == "code" else not figures.isdisjoint(_values(said))

    wrong = tuple(said for said, kind in found.items() if not stands(kind, said))
    advice = f"The sentences that it names do not hold {', '.join(wrong)}." if wrong else ""
    return Check("figures", not wrong, unexpected=wrong, advice=advice)


def _evidence(request: AnswerTask, sentences: Sequence[Passage]) -> str:
    titles = {title for each in sentences for title in (each.source.title, *each.heading)}
    said = (message.content for message in request.history)
    return "\n".join((request.question, *said, *titles, *(each.text for each in sentences)))


def _bare(code: str) -> str:
    return code.translate(_JOINTS).lower()


def _values(figure: str) -> tuple[str, str]:
    """A figure as it may be meant: its point is one, or parts thousands."""
    digits = "".join(str(int(char)) if char.isdecimal() else char for char in figure)
    pointed = digits.translate(_POINTS)
    return _NO_VALUE.sub("", pointed), _NO_VALUE.sub("", _THOUSANDS.sub("", pointed))


FEATURE: Final = Answers(
    "answers",
    asks=AnswerTask,
    gives=Written,
    proofs=(names_sources, keeps_figures),
    takes=AnswerRequest,
    margin=0.07,
)
