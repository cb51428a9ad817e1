"""A product's exact name out of the operator's catalogue, or none."""

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

_CLOSE: Final = 0.85  # of two names, by difflib's ratio; a slip of the pen, not another product
_GAPS: Final = re.compile(r"[\s-]+")


def find_product(email: str, said: str | None, products: tuple[str, ...]) -> str | None:
    """The product that an email is about.

    Only a product that the email names counts, in any case and spacing; of several, the one that
    the model said, or the first. Where none is named in full, what the model said may be a
    misspelt one, if the email has those very words.

    Args:
        email: the whole email.
        said: the product, as the model says.
        products: exact names.
    """
    folded_email, folded_said = _folded(email), _folded(said or "")
    names = _folded_names(products)
    named = [name for name in names if _stands_in(name, folded_email)]
    named = [name for name in named if not any(name != other and name in other for other in named)]
    if named:
        alike = [name for name in named if said and (name in folded_said or folded_said in name)]
        return names[(alike or named)[0]]
    if not said or folded_said not in folded_email:
        return None
    close = get_close_matches(folded_said, names, n=1, cutoff=_CLOSE)
    return names[close[0]] if close else None


def _folded(text: str) -> str:
    return _GAPS.sub(" ", text).strip().casefold()


@lru_cache(maxsize=4)
def _folded_names(products: tuple[str, ...]) -> dict[str, str]:
    return {_folded(product): product for product in products}


def _stands_in(name: str, email: str) -> bool:
    """Whether an email has a name as whole words; a catalogue may be long, so look twice."""
    return name in email and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", email))
