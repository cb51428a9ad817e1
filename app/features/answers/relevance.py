"""How near sentences are to a question, by the words that they share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.features.answers.answer_type import answer_type
from app.features.answers.guarding import readable
from app.features.answers.terms import rarity, terms
from app.features.injection import WITHHELD
from app.knowledge.sources import Passage

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_ITEM: Final = re.compile(r"^(?:[-*•–]|\d{1,2}[.)])\s+")
_TITLE_WEIGHT: Final = 0.8
_CODE_WEIGHT: Final = 3.0
_FIRST_PASSAGE: Final = 0.2  # what a place in it is worth, against all words of the question
_TYPED: Final = 0.1  # what it is worth to have the kind of thing that is asked for
_NEAR: Final = 0.8  # of the nearest sentence's score


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a line, of a passage.

    Attributes:
        passage: the place of its passage among all.
        place: its own place in the passage.
        text: the sentence.
        words: its content words, and those of its titles.
        coverage: the share of the question's words that it, its title and its headings have.
        score: likewise, with what else speaks for it.
    """

    passage: int
    place: int
    text: str
    words: frozenset[str]
    coverage: float
    score: float


class Relevance:
    """The sentences of passages against a question.

    A word of the question weighs by its inverse document frequency over the sentences, a code
    (``E7``) three times as much; found in a title or heading it counts four fifths.

    Attributes:
        ranked: all sentences, the nearest first.
    """

    def __init__(self, question: str, passages: Sequence[Passage]) -> None:
        self._question = question
        self._type = answer_type(question)
        texts = [
            (number, place, text, terms(text))
            for number, passage in enumerate(passages)
            for place, text in enumerate(sentences_of(passage))
        ]
        titles = [terms(" ".join(titles_of(passage))) for passage in passages]
        found = [words | titles[number] for number, _, _, words in texts]
        self._weights = {word: _weight(word, found) for word in sorted(_asked(question))}
        scored = [self._scored(*sentence, titles[sentence[0]]) for sentence in texts]
        self.ranked = sorted(scored, key=lambda sentence: -sentence.score)

    @property
    def nearest(self) -> str:
        """The nearest sentence, with the next nearest where that stands in the same passage."""
        if not self.ranked:
            return ""
        first, *others = self.ranked[:2]
        near = [s for s in others if s.passage == first.passage and s.score >= _NEAR * first.score]
        return " ".join(s.text for s in sorted((first, *near), key=lambda s: s.place))

    def coverage(self, text: str, passage: Passage) -> float:
        """The share of the question's words that a part of a passage has; all, where it has none.

        It is 0 without the kind of thing that is asked for.
        """
        words = terms(text)
        if self._type:
            if not self._type.is_in(text, self._question):
                return 0.0
            words |= self._type.implied
        return self._share(words, terms(" ".join(titles_of(passage))))

    def _share(self, words: frozenset[str], title: frozenset[str]) -> float:
        whole = sum(self._weights.values())
        held = sum(
            weight * (1 if word in words else _TITLE_WEIGHT if word in title else 0)
            for word, weight in self._weights.items()
        )
        return held / whole if whole else 1.0

    def _scored(
        self, passage: int, place: int, text: str, words: frozenset[str], title: frozenset[str]
    ) -> Sentence:
        told, bonus = words, 0.0
        if self._type and self._type.is_in(text, self._question):
            told, bonus = words | self._type.implied, _TYPED
        share = self._share(told, title)
        score = share + _FIRST_PASSAGE / (1 + passage) + bonus
        return Sentence(passage, place, text, words | title, share, score)


def sentences_of(passage: Passage) -> list[str]:
    """A passage's sentences and lines without its headings, which a small model takes for text."""
    titles = {passage.source.title, *passage.heading}
    lines = map(one_line, readable(passage.text).replace(WITHHELD, "").splitlines())
    kept = [_ITEM.sub("", line) for line in lines if line not in titles]
    return [sentence for line in kept if line for sentence in split_sentences(line)]


def split_sentences(text: str) -> list[str]:
    """The sentences of a line."""
    return _SENTENCE_END.split(text.strip())


def titles_of(passage: Passage) -> list[str]:
    """The title and the headings below it, each once."""
    titles = [passage.source.title, *passage.heading]
    return [title for title in dict.fromkeys(titles) if title]


def title_of(passage: Passage) -> str:
    """The title and the last heading in one line."""
    titles = titles_of(passage)
    return one_line(": ".join((*titles[:1], *titles[1:][-1:])))


def one_line(text: str) -> str:
    """A text with its white space folded."""
    return " ".join(text.split())


def _asked(question: str) -> frozenset[str]:
    """The content words of what is asked, without what is told before, if that leaves any."""
    asking = [part for part in split_sentences(question) if part.rstrip().endswith("?")]
    focus = terms(" ".join(asking))
    return focus if len(focus) > 1 else terms(question)


def _weight(word: str, texts: Sequence[frozenset[str]]) -> float:
    weight = rarity(word, texts)
    return weight * _CODE_WEIGHT if word[0].isalpha() and not word.isalpha() else weight
