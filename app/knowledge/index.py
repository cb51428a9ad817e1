"""Search over passages: BM25, as Lucene has it, over the words of titles, headings and text.

Given the same words, bm25s, tantivy, SQLite's FTS5 and whoosh-ng find as much. FTS5 ranks worse and
takes 22 ms for a search of 50,000 passages, whoosh-ng 15 ms for 10,000; tantivy is as fast as bm25s
(0.2 ms), but takes 13 ms and threads for a request's ten. What is made of the words helps most: that
function words count little, that the forms of a word in all languages are one word, and Anserini's
k1 and b, which are for short passages.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from math import log
from typing import Any, Final

from app.knowledge.sources import Passage
from app.knowledge.words import function_words, misspelt, words

_K1: Final = 0.9  # how soon a word that is repeated counts no more
_B: Final = 0.4  # how much a long passage is held against it
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
        self._model: Any = None  # of no words
        self._counts: Sequence[int] = ()  # by a word's number, how many passages have it
        if numbers:
            self._model = _model_of(rows, numbers)
            self._counts = import_module("numpy").diff(self._model.scores["indptr"]).tolist()

    def search(self, query: str, limit: int = 8, *, also: str = "") -> list[Found]:
        """The passages that are nearest to a query, the best first; of equals, the first first.

        Words of the conversation so far (``also``) count half.
        """
        weights = self._weights(query)
        for number, weight in self._weights(also).items():
            weights[number] = max(weights.get(number, 0), weight * _ALSO_WEIGHT)
        return self._best(weights, min(limit, self.passages)) if self._model else []

    def _best(self, weights: Mapping[int, float], count: int) -> list[Found]:
        """The passages with the highest scores, out of what the words count, by their numbers."""
        import numpy as np  # noqa: PLC0415 # bm25s and this take 15 MB, with the first passage

        scores = np.zeros(self.passages, np.float32)
        for weight in sorted(set(weights.values())):
            numbers = sorted(number for number, each in weights.items() if each == weight)
            scores += weight * self._model.get_scores_from_ids(numbers)
        if count < 1:
            return []
        least = np.partition(scores, -count)[-count]
        places = np.flatnonzero((scores >= least) & (scores > 0))
        order = np.argsort(-scores[places], kind="stable")[:count]
        return [Found(self._passages[int(at)], float(scores[at])) for at in places[order]]

    def _weights(self, text: str) -> dict[int, float]:
        """What the words of a text count that the passages have, by the words' numbers.

        Each language of the passages has its own form of a word. They count as one word, so that
        a name is not rarer, and worth more, in the language that few passages are in.
        """
        weights: dict[int, float] = {}
        unknown: dict[str, None] = {}
        for forms in zip(*(words(text, language) for language in self._languages), strict=True):
            known = {self._numbers[form] for form in forms if form in self._numbers}
            share = 1 if self._common.isdisjoint(forms) else _FUNCTION_WORD_WEIGHT
            rarity = self._rarity(sum(self._counts[number] for number in known))
            for number in known:
                weight = share * rarity / self._rarity(self._counts[number])
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


def _model_of(rows: Sequence[Sequence[int]], numbers: Mapping[str, int]) -> Any:
    """The scores of the words of some passages, by their numbers."""
    bm25s: Any = import_module("bm25s")  # its types say little
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it makes a record for each index
    model = bm25s.BM25(k1=_K1, b=_B, method="lucene", csc_backend="numpy")
    model.index((rows, numbers), create_empty_token=False, show_progress=False)
    return model


def _words(passage: Passage) -> list[str]:
    """Those of the title, of the headings, and of the text below them."""
    source = passage.source
    body = passage.sentences[0].start if passage.sentences else passage.start
    texts = (source.title, " ".join(passage.heading), source.text[body : passage.end])
    return [word for text in texts for word in words(text, source.language)]
