"""Lays out documents for the model: the most promising last, with the closest sentences."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.features.answers.grounding import terms
from app.features.answers.schemas import Document

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_TITLE_WEIGHT: Final = 0.5
_MOST_PASSAGES: Final = 2
_NEAR_BEST: Final = 0.6


@dataclass(frozen=True, slots=True)
class _Sentence:
    document: int
    place: int
    text: str
    words: frozenset[str]
    title_words: frozenset[str]


def lay_out(question: str, documents: Sequence[Document]) -> str:
    """The documents one a line, the question, and the sentences that share most words with it.

    Words count by their inverse document frequency over the sentences; a word of the title
    counts half. A small model finds the answer more often in what it has read last.
    """
    sentences = [
        _Sentence(number, place, sentence, terms(sentence), terms(document.title or ""))
        for number, document in enumerate(documents)
        for place, sentence in enumerate(_SENTENCE_END.split(_one_line(document.text)))
    ]
    scores = _scores(question, sentences)
    best = [0.0] * len(documents)
    for sentence, score in zip(sentences, scores, strict=True):
        best[sentence.document] = max(best[sentence.document], score)
    order = sorted(range(len(documents)), key=lambda number: (best[number], -number))
    ranked = sorted(zip(scores, sentences, strict=True), key=lambda pair: -pair[0])
    threshold = _NEAR_BEST * ranked[0][0] if ranked else 0.0
    close = [s for score, s in ranked[:_MOST_PASSAGES] if score > 0 and score >= threshold]
    close.sort(key=lambda sentence: (order.index(sentence.document), sentence.place))
    lines = [f"[{n}] {_as_line(documents[number])}" for n, number in enumerate(order, start=1)]
    passage = " ".join(sentence.text for sentence in close) or "none"
    return "\n".join([*lines, f"Question: {_one_line(question)}", f"Closest passage: {passage}"])


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


def _as_line(document: Document) -> str:
    text = _one_line(document.text)
    return f"{_one_line(document.title)}: {text}" if document.title else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
