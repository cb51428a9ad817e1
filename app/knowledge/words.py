"""The words of a text as a search compares them: folded, stemmed, in scripts of all kinds."""

import unicodedata
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from string import ascii_lowercase
from typing import Any, Final

import regex

from app.languages import NAMES

_SNOWBALL: Final[Any] = import_module("Stemmer")  # it has no types
_NORWEGIAN: Final = {"nb": "no", "nn": "no"}

_UNLISTED: Final = ("ko", "zh")  # bm25s has lists, but of whole words, not of pairs of letters

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN: Final = regex.compile(
    r"[\p{L}\p{M}][\p{L}\p{M}\p{N}]{0,63}+(?:[-‐‑][\p{L}\p{M}\p{N}]{1,64}+){0,3}"
    r"|\p{Nd}{1,30}+(?:[.,]\p{Nd}{1,30}+){0,9}"
)
_RUN: Final = regex.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED: Final = regex.compile(f"[{_UNSPACED}]")
_HYPHEN: Final = regex.compile("[-‐‑]")
_THOUSANDS: Final = regex.compile(r"[.,](?=\p{Nd}{3}(?!\p{Nd}))")
_ACCENTS: Final = regex.compile(r"[\u0300-\u036f]+")

_USUAL: Final = 20  # letters of a word whose forms are kept for a while
_MOST_KEPT: Final = 16_384  # of them, with 2 KB each at most


def words(text: str, language: str | None = None) -> list[str]:
    """The words of a text, in their order, in the form that a search compares.

    Case, accents and endings do not matter (Snowball's stemmer of the language, by its ISO 639-1
    code; English where it is not known); scripts without spaces give pairs of letters; ``2,4GHz`` is
    ``2.4`` and ``ghz``, ``1,200`` is ``1200``; ``Wi-Fi`` is ``wi``, ``fi`` and ``wifi``, ``E-7`` is
    ``e7``. A text has as many words in each language.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for token in _TOKEN.findall(folded):
        forms = _forms if len(token) <= _USUAL else _forms.__wrapped__
        found += forms(token, language or "en")
    return found


@lru_cache(maxsize=64)
def function_words(language: str) -> frozenset[str]:
    """The words that stand in any text of a language, as ``words`` gives them; of some, none."""
    lists: Any = import_module("bm25s.stopwords")  # it is loaded with the first passage
    name = "EN_PLUS" if language == "en" else NAMES.get(language.upper(), "").upper()
    listed = () if language in _UNLISTED else getattr(lists, f"STOPWORDS_{name}", ())
    return frozenset(words(" ".join(listed), language))


def misspelt(word: str) -> set[str]:
    """All words that a slip away from a word: a letter too many, too few, another, two swapped."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in cuts[:-1]}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts[:-2]}
    changed = {left + letter + right[1:] for left, right in cuts[:-1] for letter in ascii_lowercase}
    added = {left + letter + right for left, right in cuts for letter in ascii_lowercase}
    return dropped | swapped | changed | added


@lru_cache(maxsize=_MOST_KEPT)
def _forms(token: str, language: str) -> tuple[str, ...]:
    if token[0].isdecimal():
        return (_THOUSANDS.sub("", token).replace(",", "."),)
    if len(parts := _HYPHEN.split(token)) > 1:
        long = [part for part in parts if len(part) > 1]
        return tuple(word for part in (*long, "".join(parts)) for word in _forms(part, language))
    if len(runs := _RUN.findall(token)) > 1:
        return tuple(word for run in runs for word in _forms(run, language))
    if _IS_UNSPACED.match(token):
        return tuple(a + b for a, b in pairwise(token)) or (token,)
    return (_stem(token, language),)


def _stem(word: str, language: str) -> str:
    try:
        stemmer = _SNOWBALL.Stemmer(_NORWEGIAN.get(language, language), 0)
        stem: str = stemmer.stemWord(word)
    except KeyError:  # there is none for the language
        stem = word
    return _ACCENTS.sub("", unicodedata.normalize("NFD", stem)) or word
