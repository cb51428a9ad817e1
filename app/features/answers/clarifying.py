"""Whether a question fits several products and names none, by where its passages were found."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from app.features.answers.terms import rarity, terms
from app.knowledge.index import Found
from app.knowledge.sources import Passage
from app.knowledge.words import words

_AS_NEAR: Final = 0.6  # of the best score; passages of other products below it mean nothing
_NEEDED_SHARE: Final = 0.5  # of the question's content words
_AS_GOOD: Final = 0.9  # of the best share
_MOST: Final = 4


def may_mean(
    query: str, found: Sequence[Found], products: Mapping[str, str], *, also: str = ""
) -> tuple[str, ...]:
    """The products that a question may be about, where it names none; empty if it is clear.

    A question may be about two products when a passage of each has as much of its words as the
    best of all, and at least half of them; words that few passages have weigh more.

    Args:
        query: the question.
        found: its passages, the best first.
        products: names of products by the folder that their documents are in.
        also: what was asked before, which may name the product.
    """
    if not found or named_in(f"{query} {also}", products):
        return ()
    near = [item.passage for item in found if item.score >= _AS_NEAR * found[0].score]
    covered = _coverage(terms(query), near)
    best_of: dict[str, float] = {}
    for passage, share in zip(near, covered, strict=True):
        folder = folder_of(passage)
        best_of[folder] = max(best_of.get(folder, 0), share)
    least = max(_NEEDED_SHARE, _AS_GOOD * max(best_of.values()))
    best = [folder for folder, share in best_of.items() if share >= least]
    names = [products[folder] for folder in best if folder in products]
    return tuple(names[:_MOST]) if len(names) == len(best) > 1 else ()


def named_in(text: str, products: Mapping[str, str]) -> frozenset[str]:
    """The folders of the products that a text names, if only by the first word of their names."""
    said = set(words(text))
    return frozenset(folder for folder, name in products.items() if said & _first_word(name))


@lru_cache(maxsize=4096)
def _first_word(name: str) -> frozenset[str]:
    return frozenset(words(name)[:1])


def folder_of(passage: Passage) -> str:
    """The folder that a passage's document is in."""
    return passage.source.id.partition("/")[0]


def _coverage(asked: frozenset[str], passages: Sequence[Passage]) -> list[float]:
    """Of each passage the share of the question's words that it has; rare ones weigh more."""
    texts = [
        terms(" ".join((passage.source.title, *passage.heading, passage.text)))
        for passage in passages
    ]
    weights = {word: rarity(word, texts) for word in sorted(asked)}
    whole = sum(weights.values()) or 1
    return [sum(w for word, w in weights.items() if word in text) / whole for text in texts]
