"""Search over passages: BM25, as Lucene has it, over the words of titles, headings and text.

Given the same words, bm25s, tantivy, SQLite's FTS5 and whoosh-ng find as much. FTS5 ranks worse and
takes 22 ms for a search of 50,000 passages, whoosh-ng 15 ms for 10,000; tantivy is as fast as bm25s
(0.2 ms), but takes 13 ms and threads for a request's ten. What is made of the words helps most: that
function words count little, that the forms of a word in all languages are one word, and Anserini's
k1 and b, which are for short passages.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from math import log
from typing import TYPE_CHECKING, Any, Final

from app.knowledge.sources import Passage
from app.knowledge.words import function_words, misspelt, words

if TYPE_CHECKING:
    from app.knowledge.scoring import Scoring

_ALSO_WEIGHT: Final = 0.5
_FUNCTION_WORD_WEIGHT: Final = 0.1
_SLIP_WEIGHT: Final = 0.5  # of a word that is one slip away from what was asked
_SPELT: Final = 5  # letters of a word that may be misspelt
_MOST_SLIPS: Final = 20  # words of a query that are put right; 0.1 ms each


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search found, and its BM25 score, above 0; higher is better."""

    passage: Passage
    score: float


class Index:
    """Passages, ready to be searched by any number of threads at once.

    Building takes the CPU about 0.1 ms a passage, so do it in a thread.

    Attributes:
        documents, passages: how many there are.
        language: ISO 639-1 code of the language that most passages are in.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = tuple(passages)
        self.passages = len(self._passages)
        self.documents = len({passage.source.id for passage in self._passages})
        languages = Counter(passage.source.language or "en" for passage in self._passages)
        self.language = max(languages, key=languages.__getitem__, default="en")
        self._languages = sorted(languages)
        self._common = frozenset[str]().union(*map(function_words, self._languages))
        self._numbers = numbers = dict[str, int]()
        rows = [
            [numbers.setdefault(word, len(numbers)) for word in _words(passage)]
            for passage in self._passages
        ]
        self._scoring: Scoring | None = None  # of no words
        if numbers:
            scoring: Any = import_module("app.knowledge.scoring")  # with its 15 MB
            self._scoring = scoring.Scoring(rows, numbers)

    def search(self, query: str, limit: int = 8, *, also: str = "") -> list[Found]:
        """The passages that are nearest to a query, the best first; of equals, the first first.

        Args:
            query: any text.
            limit: most passages.
            also: words of the conversation so far, which count half.
        """
        weights = self._weights(query)
        for number, weight in self._weights(also).items():
            weights[number] = max(weights.get(number, 0), weight * _ALSO_WEIGHT)
        best = self._scoring.best(weights, limit) if self._scoring else ()
        return [Found(self._passages[at], score) for at, score in best]

    def _weights(self, text: str) -> dict[int, float]:
        """What the words of a text count that the passages have, by the words' numbers.

        Each language of the passages has its own form of a word. They count as one word, so that
        a name is not rarer, and worth more, in the language that few passages are in.
        """
        counts: Sequence[int] = self._scoring.counts if self._scoring else ()
        weights: dict[int, float] = {}
        unknown: dict[str, None] = {}
        for forms in zip(*(words(text, language) for language in self._languages), strict=True):
            known = {self._numbers[form] for form in forms if form in self._numbers}
            share = 1 if self._common.isdisjoint(forms) else _FUNCTION_WORD_WEIGHT
            rarity = self._rarity(sum(counts[number] for number in known))
            for number in known:
                weight = share * rarity / self._rarity(counts[number])
                weights[number] = max(weights.get(number, 0), weight)
            if not known:
                unknown |= dict.fromkeys(forms)
        slips = (word for word in unknown if len(word) >= _SPELT and word.isalpha())
        for word in islice(slips, _MOST_SLIPS):
            for near in misspelt(word) & self._numbers.keys():
                weights.setdefault(self._numbers[near], _SLIP_WEIGHT)
        return weights

    def _rarity(self, count: int) -> float:
        """The inverse document frequency of a word that so many passages have."""
        count = min(count, self.passages)
        return log(1 + (self.passages - count + 0.5) / (count + 0.5))


def _words(passage: Passage) -> list[str]:
    """Those of the title, of the headings, and of the text below them."""
    source = passage.source
    body = passage.sentences[0].start if passage.sentences else passage.start
    texts = (source.title, " ".join(passage.heading), source.text[body : passage.end])
    return [word for text in texts for word in words(text, source.language)]
