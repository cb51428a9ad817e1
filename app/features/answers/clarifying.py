"""Whether a question fits several products and names none, by where its passages were found."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.knowledge.index import Found
from app.knowledge.words import words

_AS_NEAR: Final = 0.75  # of the best score; passages of other products below it mean nothing
_MOST: Final = 4


def may_mean(query: str, found: Sequence[Found], products: Mapping[str, str]) -> tuple[str, ...]:
    """The products that a question may be about, where it names none; empty if it is clear.

    Args:
        query: the question.
        found: its passages, the best first.
        products: names of products by the folder that their documents are in.
    """
    if not found:
        return ()
    asked = set(words(query))
    if any(asked & set(words(name)) for name in products.values()):
        return ()
    near = [item for item in found if item.score >= _AS_NEAR * found[0].score]
    folders = dict.fromkeys(item.passage.source.id.partition("/")[0] for item in near)
    names = [products[folder] for folder in folders if folder in products]
    return tuple(names[:_MOST]) if len(names) == len(folders) > 1 else ()
