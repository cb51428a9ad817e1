"""A folded text as a string of word classes, one letter for each word or mark."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.features.injection.cues import WORDS
from app.features.injection.folding import fold_word, letters_apart, unmixed

_SPACELESS: Final = "\u3005-\u30ff\u3400-\u9fff"  # Chinese and Japanese
_TOKEN: Final = re.compile(
    rf"(?P<link>https?://[^\s)>\"]+)|(?P<run>[{_SPACELESS}]+)"
    rf"|(?P<word>[^\W_{_SPACELESS}]+(?:[@$][^\W_{_SPACELESS}]+)*)"
    r"|(?P<end>[.!;\u3002]|\n\s*\n)|(?P<mark>[:=?])"
)
_OTHER: Final = "x"
_LONGEST: Final = 24  # letters of a word that are read
_MOST_WORDS: Final = 5  # of a phrase
_SHORTEST_STEM: Final = 3
_LEET: Final = (str.maketrans("013457@$", "oieastas"), str.maketrans("013457@$", "oleastas"))
_LEET_WORD: Final = re.compile(r"(?=.*[a-z])(?=.*[013457@$])")


def _keys(*, stems: bool) -> dict[str, str]:
    return {
        fold_word(key.removesuffix("*")): letter
        for letter, keys in WORDS.items()
        for key in keys.split("|")
        if key.endswith("*") == stems
    }


_STEMS: Final = _keys(stems=True)
_EXACT: Final = _STEMS | _keys(stems=False)
_LENGTHS: Final = {key[:2]: len(key) for key in sorted(_EXACT, key=len)}  # of the longest
_PHRASES: Final = {  # of the words that phrases begin with: how many the longest has
    key.split()[0]: min(key.count(" ") + 1, _MOST_WORDS)
    for key in sorted(_EXACT, key=lambda key: key.count(" "))
    if " " in key
}


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a text's words.

    Attributes:
        letters: one for each word or mark, in order.
        starts: where each begins in the folded text.
        ends: where each ends.
    """

    letters: str
    starts: list[int]
    ends: list[int]

    def between(self, start: int, end: int) -> str:
        """Letters of what begins in a part of the folded text."""
        return self.letters[bisect_left(self.starts, start) : bisect_left(self.starts, end)]


_Token = tuple[str, int, int]  # its letter, start, end


def classify(text: str) -> Classes:
    """Find the class of every word of a folded text."""
    tokens: list[_Token] = []
    at = 0
    for start, end in letters_apart(text):
        tokens += _plain_tokens(text, at, start)
        tokens += _tokens_apart(text, start, end)
        at = end
    tokens += _plain_tokens(text, at, len(text))
    return Classes("".join(t[0] for t in tokens), [t[1] for t in tokens], [t[2] for t in tokens])


def _plain_tokens(text: str, start: int, end: int) -> list[_Token]:
    found = list(_TOKEN.finditer(text, start, end))
    tokens: list[_Token] = []
    at = 0
    while at < len(found):
        match = found[at]
        count = 1
        if match.lastgroup == "run":
            tokens += _tokens_in_run(match[0], match.start())
        elif match.lastgroup == "word":
            most = _PHRASES.get(unmixed(match[0]), 1)
            letter, count = _phrase([each[0] for each in found[at : at + most]])
            tokens.append((letter, match.start(), found[at + count - 1].end()))
        else:
            tokens.append((_mark(match), *match.span()))
        at += count
    return tokens


def _mark(match: re.Match[str]) -> str:
    if match.lastgroup == "mark":
        return match[0]
    return "@" if match.lastgroup == "link" else "."


def _phrase(words: list[str]) -> tuple[str, int]:
    """Class of the longest phrase at the beginning of some words, and how many words it has."""
    if len(words) > 1:
        plain = [unmixed(word) for word in words]
        for count in range(len(plain), 1, -1):
            if letter := _EXACT.get(" ".join(plain[:count])):
                return letter, count
    return _word(words[0]), 1


@lru_cache(maxsize=8_192)
def _word(word: str) -> str:
    plain = unmixed(word)
    if letter := _EXACT.get(plain) or _by_stem(plain):
        return letter
    if len(word) <= _LONGEST and _LEET_WORD.match(plain):
        for table in _LEET:
            read = plain.translate(table)
            if letter := _EXACT.get(read) or _by_stem(read):
                return letter
    return "@" if "@" in word else _OTHER


def _by_stem(word: str) -> str | None:
    for size in range(min(len(word), _LONGEST), _SHORTEST_STEM - 1, -1):
        if letter := _STEMS.get(word[:size]):
            return letter
    return None


def _tokens_in_run(run: str, offset: int, *, least: int = 1) -> list[_Token]:
    """Keys inside of what has no spaces; all that stands between two of them is one token."""
    tokens: list[_Token] = []
    at = 0
    while at < len(run):
        sizes = range(min(_LENGTHS.get(run[at : at + 2], 1), len(run) - at), least - 1, -1)
        size = next((size for size in sizes if run[at : at + size] in _EXACT), 0)
        letter = _EXACT[run[at : at + size]] if size else _OTHER
        if size or not tokens or tokens[-1][0] != _OTHER:
            tokens.append((letter, offset + at, offset + at + max(size, 1)))
        at += max(size, 1)
    return tokens


def _tokens_apart(text: str, start: int, end: int) -> list[_Token]:
    places = [at for at in range(start, end) if text[at].isalpha()]
    found = _tokens_in_run(unmixed("".join(text[at] for at in places)), 0, least=3)
    return [(letter, places[first], places[last - 1] + 1) for letter, first, last in found]
