"""Long texts in pieces that a model can take, cut where it harms least, and put together again.

Of sentences, only the places where they end are used, so no character of a text is lost.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import regex

from app.features.languages import base
from app.sentences import lengths

_WINDOW: Final = 1_000  # characters; it takes quadratic time over a long Chinese or Japanese line

_CLAUSE = regex.compile(  # ideographic comma, full-width comma, semicolon, colon
    r"(?:[,;:\u2013]\s|[\u2014\u3001\uFF0C\uFF1B\uFF1A])\s*+"
)
_SPACE = regex.compile(r"\s++")
_GRAPHEME = regex.compile(r"\p{RI}{2}[\p{M}\u200D]*+|\X")  # \X takes quadratic time over flags
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u3000-\u303F\uFF00-\uFFEF]"
)

_Way = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    Attributes:
        text: what stands there, without white space at its ends; never empty.
        before: the white space that stood before it, verbatim.
    """

    text: str
    before: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text in pieces, with the white space after the last one."""

    pieces: tuple[Piece, ...]
    after: str

    def join(self, translations: Sequence[str], *, spaced: bool = False) -> str:
        """The pieces' translations as one text, with the white space of the source.

        Args:
            translations: one for each piece, in order.
            spaced: whether their language puts spaces between sentences: where the source's
                script has none, they are put in.

        Raises:
            ValueError: there are more or fewer translations than pieces.
        """
        spaces = self.spaces(spaced=spaced)
        pairs = zip(spaces, translations, strict=True)
        return "".join((*(space + text for space, text in pairs), self.after))

    def spaces(self, *, spaced: bool = False) -> list[str]:
        """What stands before each piece's translation; see :meth:`join`."""
        pairs = zip((None, *self.pieces), self.pieces, strict=False)
        return [
            " " if spaced and previous and _touch(previous, piece) else piece.before
            for previous, piece in pairs
        ]


def cut(text: str, *, language: str, most: int, keep_lines: bool) -> Pieces:
    """A text in as few pieces as its best places to cut allow.

    Those are paragraphs, lines, sentences, clauses, words and characters, in this order; the
    next are only used in what is too long still.

    Args:
        text: any text.
        language: its code, as far as it is known; sentences do not end alike in all of them.
        most: characters of a piece, at least 1.
        keep_lines: whether each line is a piece of its own at least.
    """
    ways: tuple[_Way, ...] = (
        lambda line: _cut_at(_sentence_ends(line, base(language).lower()), line),
        lambda sentence: _cut_at((m.end() for m in _CLAUSE.finditer(sentence)), sentence),
        lambda clause: _cut_at((m.end() for m in _SPACE.finditer(clause)), clause),
        _GRAPHEME.findall,
        lambda grapheme: (grapheme[at : at + most] for at in range(0, len(grapheme), most)),
    )
    if not keep_lines:
        return _pieces(_split(text, (_paragraphs, _lines, *ways), most))
    return _pieces(part for line in _lines(text) for part in _split(line, ways, most))


def has_words(text: str) -> bool:
    """Whether there is a letter of any script in a text, so that it can be translated."""
    return any(map(str.isalpha, text))


def _touch(first: Piece, second: Piece) -> bool:
    """Whether there is no space between two pieces because their script uses none."""
    ends = first.text[-1] + second.text[0]
    return not second.before and _UNSPACED.search(ends) is not None


def _pieces(parts: Iterable[str]) -> Pieces:
    """Parts of a text without the white space at their ends, which is kept beside them."""
    pieces: list[Piece] = []
    space: list[str] = []
    for part in parts:
        text = part.strip()
        if not text:
            space.append(part)
            continue
        start = len(part) - len(part.lstrip())
        pieces.append(Piece(text, before="".join((*space, part[:start]))))
        space = [part[start + len(text) :]]
    return Pieces(tuple(pieces), after="".join(space))


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
    for line in _lines(text):
        if paragraph and paragraph[-1].isspace() and not line.isspace():
            yield "".join(paragraph)
            paragraph = []
        paragraph.append(line)
    yield "".join(paragraph)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _cut_at(ends: Iterable[int], text: str) -> Iterator[str]:
    start = 0
    for end in ends:
        yield text[start:end]
        start = end
    yield text[start:]


def _sentence_ends(line: str, language: str) -> Iterator[int]:
    """Where the sentences of a line end, but for the last one.

    A window's last sentence may go on after it, so it is read again with what follows.
    """
    start = stop = 0
    while stop < len(line):
        stop = start + _WINDOW
        whole = lengths(line[start:stop], language)[:-1]
        for length in whole:
            start += length
            yield start
        if not whole:
            start = stop
