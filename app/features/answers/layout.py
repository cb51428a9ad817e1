"""Lays out passages for the model."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.features.answers.task import AnswerTask
from app.features.answers.terms import terms
from app.features.injection import WITHHELD, find_injections, without
from app.knowledge.sources import Passage

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_TITLE_WEIGHT: Final = 0.5
_MOST_SENTENCES: Final = 2
_NEAR_BEST: Final = 0.6


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int
    place: int
    text: str
    words: frozenset[str]
    title_words: frozenset[str]


def numbered(task: AnswerTask) -> str:
    """The passages, each under its number and title, and the question."""
    passages = [
        f"[{number}] {' > '.join(_titles(passage))}\n{readable(passage.text)}"
        for number, passage in enumerate(task.passages, start=1)
    ]
    return "\n\n".join([*passages, f"Question: {task.question}"])


def lay_out(task: AnswerTask) -> str:
    """The passages one a line, the question, and the sentences that share most words with it.

    Words count by their inverse document frequency over the sentences; a word of the title
    counts half. A small model finds the answer more often in what it has read last, so the most
    promising passage is the last.
    """
    lines = [_as_line(passage) for passage in task.passages]
    sentences = [
        _Sentence(number, place, sentence, terms(sentence), terms(_title(passage)))
        for number, passage in enumerate(task.passages)
        for place, sentence in enumerate(_sentences(passage))
    ]
    scores = _scores(task.question, sentences)
    best = [0.0] * len(lines)
    for sentence, score in zip(sentences, scores, strict=True):
        best[sentence.passage] = max(best[sentence.passage], score)
    order = sorted(range(len(lines)), key=lambda number: (best[number], -number))
    ranked = sorted(zip(scores, sentences, strict=True), key=lambda pair: -pair[0])
    threshold = _NEAR_BEST * ranked[0][0] if ranked else 0.0
    close = [s for score, s in ranked[:_MOST_SENTENCES] if score > 0 and score >= threshold]
    close.sort(key=lambda sentence: (order.index(sentence.passage), sentence.place))
    shown = [f"[{place}] {lines[number]}" for place, number in enumerate(order, start=1)]
    closest = " ".join(sentence.text for sentence in close) or "none"
    question = f"Question: {_one_line(task.question)}"
    return "\n".join([*shown, question, f"Closest passage: {closest}"])


@lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """A passage without what talks to the model instead of to people."""
    return without(text, find_injections(text))


def _scores(question: str, sentences: Sequence[_Sentence]) -> list[float]:
    asked = sorted(terms(question))
    weights = {
        word: math.log(1 + len(sentences) / (1 + sum(word in s.words for s in sentences)))
        for word in asked
    }
    return [
        sum(
            weight * (1 if word in s.words else _TITLE_WEIGHT if word in s.title_words else 0)
            for word, weight in weights.items()
        )
        for s in sentences
    ]


def _sentences(passage: Passage) -> list[str]:
    return _SENTENCE_END.split(_body(passage))


def _body(passage: Passage) -> str:
    """The passage in one line, without its headings, which a small model takes for text."""
    titles = {passage.source.title, *passage.heading}
    lines = readable(passage.text).replace(WITHHELD, "").splitlines()
    return _one_line(" ".join(line for line in lines if line.strip() not in titles))


def _titles(passage: Passage) -> list[str]:
    """The title and the headings below it, without one that repeats the title."""
    titles = [passage.source.title, *passage.heading]
    return [title for title in dict.fromkeys(titles) if title]


def _title(passage: Passage) -> str:
    return _one_line(": ".join(_titles(passage)))


def _as_line(passage: Passage) -> str:
    title = _title(passage)
    return f"{title}: {_body(passage)}" if title else _body(passage)


def _one_line(text: str) -> str:
    return " ".join(text.split())
