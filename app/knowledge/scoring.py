"""BM25 scores by bm25s; loaded with the first passage, as it takes 15 MB of memory."""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np

_BM25S: Final[Any] = import_module("bm25s")  # its types say little
logging.getLogger("bm25s").setLevel(logging.WARNING)  # it makes a record for each index

_K1: Final = 0.9  # how soon a word that is repeated counts no more
_B: Final = 0.4  # how much a long passage is held against it


class Scoring:
    """What words count in which passage.

    Attributes:
        counts: of each word, by its number, how many passages have it.
    """

    def __init__(self, rows: Sequence[Sequence[int]], numbers: Mapping[str, int]) -> None:
        """Take the numbers of each passage's words, and the words' numbers."""
        self._passages = len(rows)
        self._model = _BM25S.BM25(k1=_K1, b=_B, method="lucene", csc_backend="numpy")
        self._model.index((rows, numbers), create_empty_token=False, show_progress=False)
        self.counts: list[int] = np.diff(self._model.scores["indptr"]).tolist()

    def best(self, weights: Mapping[int, float], limit: int) -> list[tuple[int, float]]:
        """Places and scores of the passages with the highest above 0, the first first of equals.

        Args:
            weights: by the words' numbers, what they count.
            limit: most passages.
        """
        scores = np.zeros(self._passages, np.float32)
        for weight in sorted(set(weights.values())):
            numbers = sorted(number for number, each in weights.items() if each == weight)
            scores += weight * self._model.get_scores_from_ids(numbers)
        count = min(limit, self._passages)
        if count < 1:
            return []
        least = np.partition(scores, -count)[-count]
        places = np.flatnonzero((scores >= least) & (scores > 0))
        order = np.argsort(-scores[places], kind="stable")[:count]
        return [(int(at), float(scores[at])) for at in places[order]]
