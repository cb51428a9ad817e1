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
_TITLE_WEIGHT: Final = 0.8
_FIRST_PASSAGE: Final = 0.2  # what a place in it is worth, against all words of the question
_NUMBER: Final = 0.1  # what a number is worth where one is asked for
_CODE_WEIGHT: Final = 2.0
_MOST_SHOWN: Final = 3  # sentences
_MOST_CLOSE: Final = 2
_NEAR_BEST: Final = 0.6
_ASKS_FOR_NUMBER: Final = re.compile(
    r"\bhow (long|many|much|often|heavy|big|large|bright|loud|far|fast|quick\w*|high|wide|tall|deep|"
    r"hot|warm|old|thick)\b|\b(when|until|price|costs?|what time|window|period|longer?)\b"
    r"|\bwie (lang|viel|oft|schwer|gro|hell|laut|weit|schnell|hoch|breit|heiß|alt)|\b(wann|preis)\b"
    r"|\bkoste|\b(combien|quand|prix|cuánt\w*|cuándo|precio|quant\w*|quando|prezzo|hoe ?(lang|veel))",
    re.IGNORECASE,
)
_HAS_NUMBER: Final = re.compile(
    r"\d|\b(two|three|four|five|six|seven|eight|nine|ten|twelve|half|once|twice|zwei|drei|vier|fünf|"
    r"sechs|sieben|acht|neun|zehn|zwölf|einmal|zweimal)\b",
    re.IGNORECASE,
)


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
    """For a small model: the sentences nearest to the question, those of a passage in a line.

    It finds the answer more often the less it reads, and in what it has read last: so the most
    promising passage is the last, and the nearest sentences stand once more behind the question.
    """
    sentences = [
        _Sentence(number, place, sentence, terms(sentence), terms(_title(passage)))
        for number, passage in enumerate(task.passages)
        for place, sentence in enumerate(_sentences(passage))
    ]
    scores = _scores(task.question, sentences)
    ranked = sorted(zip(scores, sentences, strict=True), key=lambda pair: -pair[0])
    shown = [sentence for _, sentence in ranked[:_MOST_SHOWN]]
    order = list(dict.fromkeys(sentence.passage for sentence in shown))[::-1]
    lines = [
        f"[{number}] {_line(task.passages[passage], _of_passage(shown, passage))}"
        for number, passage in enumerate(order, start=1)
    ]
    threshold = _NEAR_BEST * ranked[0][0] if ranked else 0.0
    close = [s for score, s in ranked[:_MOST_CLOSE] if score > 0 and score >= threshold]
    close.sort(key=lambda sentence: (order.index(sentence.passage), sentence.place))
    question = f"Question: {_one_line(task.question)}"
    closest = " ".join(sentence.text for sentence in close) or "none"
    return "\n".join([*lines, question, f"Closest passage: {closest}"])


@lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """A passage without what talks to the model instead of to people."""
    return without(text, find_injections(text))


def _scores(question: str, sentences: Sequence[_Sentence]) -> list[float]:
    """Of each sentence the share of the question's words that it or its title has, and more.

    Words count by their inverse document frequency over the sentences, and codes twice.
    """
    asked = sorted(terms(question))
    weights = {word: _weight(word, sentences) for word in asked}
    whole = sum(weights.values()) or 1
    numbers = _NUMBER if _ASKS_FOR_NUMBER.search(question) else 0
    return [
        sum(
            weight * (1 if word in s.words else _TITLE_WEIGHT if word in s.title_words else 0)
            for word, weight in weights.items()
        )
        / whole
        + _FIRST_PASSAGE / (1 + s.passage)
        + (numbers if numbers and _HAS_NUMBER.search(s.text) else 0)
        for s in sentences
    ]


def _weight(word: str, sentences: Sequence[_Sentence]) -> float:
    count = sum(word in sentence.words for sentence in sentences)
    weight = math.log(1 + len(sentences) / (1 + count))
    return weight * _CODE_WEIGHT if word[0].isalpha() and not word.isalpha() else weight


def _sentences(passage: Passage) -> list[str]:
    return [sentence for line in _lines(passage) for sentence in _SENTENCE_END.split(line)]


def _lines(passage: Passage) -> list[str]:
    """The passage's lines without its headings, which a small model takes for text."""
    titles = {passage.source.title, *passage.heading}
    lines = map(_one_line, readable(passage.text).replace(WITHHELD, "").splitlines())
    return [line for line in lines if line and line not in titles]


def _of_passage(shown: Sequence[_Sentence], passage: int) -> str:
    own = sorted((s for s in shown if s.passage == passage), key=lambda sentence: sentence.place)
    return " ".join(sentence.text for sentence in own)


def _titles(passage: Passage) -> list[str]:
    """The title and the headings below it, without one that repeats the title."""
    titles = [passage.source.title, *passage.heading]
    return [title for title in dict.fromkeys(titles) if title]


def _title(passage: Passage) -> str:
    return _one_line(": ".join(_titles(passage)))


def _line(passage: Passage, text: str) -> str:
    title = _title(passage)
    return f"{title}: {text}" if title else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
