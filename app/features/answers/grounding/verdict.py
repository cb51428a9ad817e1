"""Whether an answer rests on the passages: its citations, and what is wrong with it.

The same check for all models. A strong one says what it cites; for a weak one, the citations are
found by aligning its sentences with those of the passages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from app.features.answers.grounding.citations import Citation, align, locate
from app.features.answers.grounding.claims import is_on_topic, leaks, unsupported
from app.features.answers.relevance import split_sentences
from app.features.answers.task import AnswerTask, CitedAnswer, Quote
from app.features.answers.terms import terms

_NEEDED_SHARE: Final = 0.4  # of the question's words
_OF_ONE_SHARE: Final = 0.8  # of the words of an answer's sentence
_KEPT_SHARE: Final = 0.6  # of the nearest sentence's words


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an answer.

    Attributes:
        citations: where its claims stand.
        finding: what is wrong with it, in words for the model; None when nothing is.
    """

    citations: tuple[Citation, ...] = ()
    finding: str | None = None


Judge = Callable[[AnswerTask, Any, str], Verdict]


def _once(judge: Judge) -> Judge:
    """A judge that keeps what it found of an output for as long as there is the task."""

    @wraps(judge)
    def judged(task: AnswerTask, output: Any, instruction: str) -> Verdict:
        if output not in task.verdicts:
            task.verdicts[output] = judge(task, output, instruction)
        return task.verdicts[output]

    return judged


def says_unknown(answer: str) -> bool:
    """Whether a small model's answer is the sentence that its instruction asks for."""
    folded = answer.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return folded.startswith("i don't know")


@_once
def judge_text(task: AnswerTask, answer: str, instruction: str) -> Verdict:
    """Judge the answer of a model that does not cite."""
    if says_unknown(answer):
        return Verdict()
    if leaks(answer, instruction):
        return Verdict(finding="It gives the instructions away.")
    if not task.relevance.ranked or not is_on_topic(task.question, task.passages):
        return Verdict(finding="The documents are about something else.")
    citations = align(answer, task.passages, question=task.question)
    if not citations:
        return Verdict(finding="No document says so.")
    if not all(_is_of_one(task, sentence) for sentence in split_sentences(answer)):
        return Verdict(finding="It mixes up several sentences of the documents.")
    if not _answers(task, answer):
        return Verdict(finding="The documents say this of something else than what is asked.")
    return Verdict(tuple(citations), _unsupported(task, answer, citations))


def _answers(task: AnswerTask, answer: str) -> bool:
    """Whether an answer says what the sentence nearest to the question says, if that is near.

    A model that only copies takes a sentence for an answer that is merely about the same product,
    and leaves out of the right one what was asked.
    """
    nearest = task.relevance.ranked[0]
    passage = task.passages[nearest.passage]
    words = terms(nearest.text)
    kept = len(words & terms(answer)) >= _KEPT_SHARE * len(words)
    return kept and task.relevance.coverage(task.relevance.nearest, passage) >= _NEEDED_SHARE


def _is_of_one(task: AnswerTask, sentence: str) -> bool:
    """Whether one sentence of a passage, with its titles, has nearly all of an answer's sentence."""
    said = terms(sentence)
    return any(
        len(said & near.words) >= _OF_ONE_SHARE * len(said) for near in task.relevance.ranked
    )


@_once
def judge_cited(task: AnswerTask, output: CitedAnswer, instruction: str) -> Verdict:
    """Judge the answer of a model that cites.

    A quote that stands in another document than it says is good, and a claim that a passage
    carries needs no quote of the model's.
    """
    if leaks(output.answer, instruction):
        return Verdict(finding="The answer gives the instructions away.")
    if output.action == "clarify":  # it may state things beside its question
        whole = [Citation(passage, passage.start, passage.end) for passage in task.passages]
        return Verdict(finding=_unsupported(task, output.answer, whole))
    if output.action != "answer":
        return Verdict()
    citations: list[Citation] = []
    for quote in output.citations:
        if (found := _located(task, quote)) is None:
            finding = f'Document {quote.document} has no such words: "{quote.quote}".'
            return Verdict(tuple(citations), finding)
        if found not in citations:
            citations.append(found)
    if citations and not _unsupported(task, output.answer, citations):
        return Verdict(tuple(citations))
    aligned = align(output.answer, task.passages, question=task.question)
    citations += [citation for citation in aligned if citation not in citations]
    if not citations:
        return Verdict(finding="No document says so; there is no citation.")
    return Verdict(tuple(citations), _unsupported(task, output.answer, citations))


def _located(task: AnswerTask, quote: Quote) -> Citation | None:
    passages = list(task.passages)
    if 1 <= quote.document <= len(passages):
        passages.insert(0, passages[quote.document - 1])
    for passage in passages:
        if place := locate(quote.quote, passage):
            return Citation(passage, *place)
    return None


def _unsupported(task: AnswerTask, answer: str, citations: Sequence[Citation]) -> str | None:
    claims = unsupported(
        task.question, answer, citations, task.passages, same_language=task.same_language
    )
    if not claims:
        return None
    return "No document says: " + "; ".join(claim.text for claim in claims)
