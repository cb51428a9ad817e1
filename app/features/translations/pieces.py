"""Long texts in pieces that a model can take, cut where it harms least; no character is lost."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import regex

from app.knowledge.sentences import spans

_CLAUSE: Final = regex.compile(  # ideographic comma, full-width comma, semicolon, colon
    r"(?:[,;:\u2013]\s|[\u2014\u3001\uFF0C\uFF1B\uFF1A])\s*+"
)
_SPACE: Final = regex.compile(r"\s++")
_GRAPHEME: Final = regex.compile(  # \X takes quadratic time over flags
    r"\p{RI}{2}[\p{M}\u200D]*+|\X"
)

_Way = Callable[[str], Iterable[str]]


def cut(text: str, *, language: str, most: int) -> list[str]:
    """A text in as few pieces as its best places to cut allow, and the white space around them.

    Those are paragraphs, lines, sentences, clauses, words and characters, in this order; the next
    are only used in what is too long still.

    Args:
        text: any text.
        language: its code, as far as it is known; sentences do not end alike in all of them.
        most: characters of a piece, at least 1.

    Returns:
        Pieces without white space at their ends, and white space. Joined, they are the text.
    """
    ways: tuple[_Way, ...] = (
        _paragraphs,
        lambda part: part.splitlines(keepends=True),
        lambda line: _cut_at(_sentence_ends(line, language), line),
        lambda sentence: _cut_at((m.end() for m in _CLAUSE.finditer(sentence)), sentence),
        lambda clause: _cut_at((m.end() for m in _SPACE.finditer(clause)), clause),
        _GRAPHEME.findall,
        lambda grapheme: (grapheme[at : at + most] for at in range(0, len(grapheme), most)),
    )
    parts: list[str] = []
    for part in _split(text, ways, most):
        bare = part.strip()
        start = len(part) - len(part.lstrip())
        parts += filter(None, (part[:start], bare, part[start + len(bare) :]))
    return parts


def has_words(text: str) -> bool:
    """Whether there is a letter of any script in a text, so that it can be translated."""
    return any(map(str.isalpha, text))


def _split(text: str, ways: Sequence[_Way], most: int) -> Iterator[str]:
    """A text's parts, each cut in the first way that makes it short enough."""
    if len(text.strip()) <= most:
        yield text
        return
    way, *others = ways
    for part in _packed(way(text), most):
        yield from _split(part, others, most)


def _packed(parts: Iterable[str], most: int) -> Iterator[str]:
    """Neighbours put together as long as there is room; what is too long stays by itself."""
    pack: list[str] = []
    size = 0
    for part in parts:
        if pack and size + len(part.rstrip()) > most:
            yield "".join(pack)
            pack, size = [], 0
        pack.append(part)
        size += len(part)
    if pack:
        yield "".join(pack)


def _paragraphs(text: str) -> Iterator[str]:
    """Stretches of lines, each with the blank lines after it."""
    paragraph: list[str] = []
    for line in text.splitlines(keepends=True):
        if paragraph and paragraph[-1].isspace() and not line.isspace():
            yield "".join(paragraph)
            paragraph = []
        paragraph.append(line)
    yield "".join(paragraph)


def _sentence_ends(line: str, language: str) -> Iterator[int]:
    """Where the sentences of a line end, but for the last one; never inside a word."""
    for start, _ in spans(line, 0, len(line), language, len(line))[1:]:
        if not (line[start - 1].isalnum() and line[start].isalnum()):
            yield start


def _cut_at(ends: Iterable[int], text: str) -> Iterator[str]:
    start = 0
    for end in ends:
        yield text[start:end]
        start = end
    yield text[start:]
