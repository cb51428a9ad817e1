"""Sources into passages: small enough to be read by the model, whole enough to be understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.knowledge.sources import Heading, Passage, Source
from app.sentences import lengths

LONGEST: Final = 900  # characters of a passage

_PARAGRAPH: Final = re.compile(r"\n[^\S\n]*\n")
_LINE: Final = re.compile(r"\n")
_LAST_WORD: Final = re.compile(r"\S*\Z")
_WINDOW: Final = LONGEST + 100  # characters: sentencex is quadratic in open quotes and in Chinese

Span = tuple[int, int]


def split(source: Source) -> list[Passage]:
    """Cut a source into passages of at most ``LONGEST`` characters, in time linear in its length.

    A passage lies within one section. It ends with a paragraph; where one does not fit, with a
    line, a sentence, a word or, in a word without end, anywhere. A heading is never parted from
    the first words below it; one that has none stands before its first subsection. Small sections
    are not put together, so that each is found, and cited, by its own heading.
    """
    language = source.language or "en"
    return [
        Passage(source, start, end, section.path)
        for section in _sections(source)
        for start, end in _packed(_units(source.text, section, language))
    ]


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of a text with the headings before it.

    Attributes:
        start, end: where it stands.
        body: where its headings end.
        path: the headings it stands under, the highest first.
    """

    start: int
    body: int
    end: int
    path: tuple[str, ...]


def _sections(source: Source) -> Iterator[_Section]:
    text, headings = source.text, source.headings
    ends = [*(heading.start for heading in headings), len(text)]
    yield _Section(0, 0, ends[0], ())
    path: list[Heading] = []
    start = ends[0]
    for at, heading in enumerate(headings):
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        body, end = heading.start + len(heading.text), ends[at + 1]
        is_bare = not text[body:end].strip()
        if is_bare and at + 1 < len(headings) and headings[at + 1].level > heading.level:
            continue
        yield _Section(start, body, end, tuple(each.text for each in path))
        start = end


def _packed(units: Iterator[Span]) -> Iterator[Span]:
    """Spans of as many units in a row as fit."""
    packed: Span | None = None
    for start, end in units:
        if packed and end - packed[0] > LONGEST:
            yield packed
            packed = None
        packed = (packed[0] if packed else start, end)
    if packed:
        yield packed


def _units(text: str, section: _Section, language: str) -> Iterator[Span]:
    """Paragraphs, and the parts of those that do not fit.

    Of the first paragraph, the parts are small enough to stand in a passage with the headings.
    """
    yield from _pieces(text, (section.start, section.body), language, LONGEST)
    for number, (start, end) in enumerate(_parts(_PARAGRAPH, text, section.body, section.end)):
        taken = 0 if number else start - section.start
        room = LONGEST - taken if taken <= LONGEST // 2 else LONGEST
        yield from _pieces(text, (start, end), language, room)


def _pieces(text: str, paragraph: Span, language: str, room: int) -> Iterator[Span]:
    """A paragraph that fits, else its lines that fit, else their sentences."""
    if paragraph[1] - paragraph[0] <= room:
        yield from _trimmed(text, *paragraph)
        return
    for line in _parts(_LINE, text, *paragraph):
        if line[1] - line[0] <= room:
            yield line
            continue
        yield from _sentences(text, *line, language, room)


def _parts(border: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for found in border.finditer(text, start, end):
        yield from _trimmed(text, at, found.start())
        at = found.end()
    yield from _trimmed(text, at, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without the spaces around it, if there is anything else."""
    part = text[start:end].rstrip()
    bare = part.lstrip()
    if bare:
        yield start + len(part) - len(bare), start + len(part)


def _sentences(text: str, start: int, end: int, language: str, room: int) -> Iterator[Span]:
    """Sentences; of those with more than ``room`` characters, as many words as fit at a time."""
    while start < end:
        window = text[start : min(end, start + _WINDOW)]
        sizes = lengths(window, language)
        if start + len(window) < end and len(sizes) > 1:
            sizes.pop()  # it may go on beyond the window
        at = 0
        for length in sizes:
            fits = length <= room
            taken = length if fits else _fitting(window[at : at + room + 1], room)
            yield from _trimmed(text, start + at, start + at + taken)
            at += taken
            if not fits:
                break
        start += at


def _fitting(piece: str, room: int) -> int:
    last_word = _LAST_WORD.search(piece)
    return (last_word and last_word.start()) or room
