"""Words as they can be compared: folded, without fillers, by their beginnings."""

import json
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import regex

_STEM_LENGTH: Final = 5
_SHORT: Final = 4
_COMPOUND: Final = 9  # letters from which on a word may be two: "Herstellergarantie"
_LONGEST: Final = 40

TABLES: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("words.json").read_text(encoding="utf-8")
)
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """A word or a row of a table without case and accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def row(name: str) -> frozenset[str]:
    """The words of a row of the tables, folded."""
    return frozenset(fold(TABLES[name]).split())


def keys_of(name: str) -> dict[str, str]:
    """From each word of a table of rows, folded, to its row's key."""
    rows: dict[str, str] = TABLES[name]
    return {word: key for key, words in rows.items() for word in fold(words).split()}


_FILLERS: Final = row("fillers")


def is_filler(word: str) -> bool:
    """Whether a folded word says nothing by itself."""
    return word in _FILLERS or (len(word) < 2 and not _UNSPACED.match(word))


def comparable(word: str) -> tuple[str, ...]:
    """A folded word itself; of a script that sets no spaces, its pairs of characters."""
    if len(word) < 2 or not _UNSPACED.search(word):
        return (word,)
    return tuple(first + second for first, second in pairwise(word))


def stem(word: str) -> str:
    """The first five letters of a folded word, without a plural's s.

    Measured on the corpus of claims, Snowball's stemmers do not do better, and they have to be
    told the language.
    """
    return word[:_STEM_LENGTH].rstrip("s") or word


@lru_cache(maxsize=65_536)
def offers(word: str) -> frozenset[str]:
    """The keys that a folded word of a document offers: its beginning and a compound's parts."""
    start = stem(word)
    head = {f"head:{start[:_SHORT]}"} if len(start) == _STEM_LENGTH else set[str]()
    return frozenset({f"word:{start}", *head, *(f"part:{part}" for part in _parts(word))})


@lru_cache(maxsize=65_536)
def needs(word: str) -> frozenset[str]:
    """The keys of which a folded word of a claim needs one.

    "Ships" is content with "shipping", and "Garantiezeit" with "Herstellergarantie".
    """
    start = stem(word)
    keys = {f"word:{start}", *(f"word:{part}" for part in _parts(word))}
    if len(start) == _SHORT:
        keys.add(f"head:{start}")
    elif len(start) == _STEM_LENGTH:
        keys |= {f"word:{start[:_SHORT]}", f"part:{start}"}
    return frozenset(keys)


def _parts(word: str) -> Iterator[str]:
    """What the later parts of a compound may begin with."""
    if len(word) >= _COMPOUND:
        for place in range(3, min(len(word), _LONGEST) - 4):
            yield word[place : place + _STEM_LENGTH]
