"""Sources into passages: small enough to be read by the model, whole enough to be understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.knowledge import sentences
from app.knowledge.sentences import spans
from app.knowledge.sources import Heading, Passage, Source, Span

LONGEST: Final = 900  # characters of a passage

_PARAGRAPH: Final = re.compile(r"\S(?:[^\n]*\S)?+(?:[^\S\n]*+\n[^\S\n]*+\S(?:[^\n]*\S)?+)*+")


def split(source: Source) -> list[Passage]:
    """Cut a source into passages of at most ``LONGEST`` characters, in time linear in its length.

    A passage lies within one section. It ends with a paragraph; where one does not fit, with a
    sentence, a word or, in a word without end, anywhere. A heading is never parted from the first
    words below it; one that has none stands before its first subsection. Small sections are not put
    together, so that each is found, and cited, by its own heading.
    """
    return [
        Passage(source, units[0].start, units[-1].end, section.path, _sentences(units))
        for section in _sections(source)
        for units in _packed(_units(source, section))
    ]


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of a text: where it begins, where its headings end, where it ends, all headings."""

    start: int
    body: int
    end: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut any further; a heading has no sentences."""

    start: int
    end: int
    sentences: tuple[Span, ...]


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


def _packed(units: Iterator[_Unit]) -> Iterator[list[_Unit]]:
    """As many units in a row as fit."""
    packed: list[_Unit] = []
    for unit in units:
        if packed and unit.end - packed[0].start > LONGEST:
            yield packed
            packed = []
        packed.append(unit)
    if packed:
        yield packed


def _sentences(units: list[_Unit]) -> tuple[Span, ...]:
    return tuple(span for unit in units for span in unit.sentences)


def _units(source: Source, section: _Section) -> Iterator[_Unit]:
    """The headings, then paragraphs, and the sentences of those that do not fit.

    Of the first paragraph, they are small enough to stand in a passage with the headings.
    """
    text, language = source.text, source.language or "en"
    for span in _paragraphs(text, section.start, section.body):
        yield _Unit(*span, ())
    taken = section.body - section.start
    room = LONGEST - taken if taken <= LONGEST // 2 else LONGEST
    for start, end in _paragraphs(text, section.body, section.end):
        found = spans(text, start, end, language, min(room, sentences.LONGEST))
        if end - start <= room:
            yield _Unit(start, end, tuple(found))
        else:
            yield from (_Unit(*span, (span,)) for span in found)
        room = LONGEST


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Paragraphs, without the white space around them."""
    for found in _PARAGRAPH.finditer(text, start, end):
        yield found.span()
