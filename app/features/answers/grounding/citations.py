"""Where an answer's claims stand in the passages: quotes found verbatim, and found for claims.

A quote is taken from the document, not from the model: whatever the model wrote, a citation is a
slice of a source's text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from app.features.answers.grounding.evidence import Evidence
from app.features.answers.grounding.folding import folded
from app.features.answers.grounding.statements import claims_in, read
from app.knowledge.sources import Passage

MOST_CLAIMS: Final = 100  # of an answer; nothing supports those after them

_FEWEST_WORDS: Final = 3
_FEWEST_UNSPACED: Final = 4  # characters of a script without spaces
_LONGEST: Final = 2_000  # characters of a quote: what is longer is no quote, but a document
_WORD: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*+")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote, by its place in a passage's source.

    Attributes:
        passage: the passage that it stands in.
        start, end: where it stands in the source's text, in code points.
    """

    passage: Passage
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The source's own words."""
        return self.passage.source.text[self.start : self.end]


def locate(quote: str, passage: Passage) -> tuple[int, int] | None:
    """Where a quote stands in a passage's source, in code points; None where it does not.

    It has to stand there word for word. Only these differ freely: white space, the shape of
    quotation marks, apostrophes and dashes, composed and decomposed letters, marks that cannot
    be seen, the first letter's case, and what closes the quote (full stop, ellipsis, quotation
    marks). It begins and ends with a word's beginning and end, and has three words at least, a
    number or code, or four characters of a script without spaces.
    """
    wanted = folded(quote[: _LONGEST + 1]).text.strip(" .…\"'-*")
    if len(wanted) > _LONGEST or not _says_enough(wanted):
        return None
    text = _folded(passage.text)
    if (match := _pattern(wanted).search(text.text)) is None:
        return None
    start, end = text.places(*match.span())
    if passage.text[end : end + 1] == "." and quote.rstrip(" \"'”’»").endswith("."):
        end += 1
    return passage.start + start, passage.start + end


def align(answer: str, passages: Sequence[Passage], *, question: str = "") -> list[Citation]:
    """What supports an answer's claims: sentences of the passages, in the answer's order.

    For each claim, the sentence that shares most with it, weighed by how rare a word is and more
    for numbers, codes and names; then up to two more for what the claim says besides. A claim
    that no sentence supports gets none, so that it is found to be unsupported.

    Args:
        answer: the answer.
        passages: what it may rest on.
        question: what was asked; it tells what "it" is, and what "yes" says.
    """
    evidence = Evidence(passages)
    asked = read(question)
    found: dict[Citation, None] = {}
    for claim in claims_in(answer)[:MOST_CLAIMS]:
        for unit in evidence.cover(claim.reading, asked):
            found[Citation(unit.passage, unit.start, unit.end)] = None
    return list(found)


_folded = lru_cache(maxsize=128)(folded)


def _says_enough(text: str) -> bool:
    words: list[str] = _WORD.findall(text)
    return (
        len(words) >= _FEWEST_WORDS
        or any(map(str.isdecimal, text))
        or len(_UNSPACED.findall(text)) >= _FEWEST_UNSPACED
    )


def _pattern(wanted: str) -> re.Pattern[str]:
    """The words, neither beginning nor ending inside a word."""
    first, rest = wanted[0], wanted[1:]
    either = (
        f"[{re.escape(first.lower())}{re.escape(first.upper())}]"
        if first.isalpha()
        else re.escape(first)
    )
    before = r"(?<![^\W_])" if first.isalnum() and not _UNSPACED.match(first) else ""
    after = (
        r"(?![^\W_]|[\u0300-\u036f])"
        if wanted[-1].isalnum() and not _UNSPACED.match(wanted[-1])
        else ""
    )
    return re.compile(before + either + re.escape(rest) + after)
