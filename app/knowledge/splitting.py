"""Sources into passages: small enough to be read by the model, whole enough to be understood."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from app.knowledge import sentences
from app.knowledge.sources import Heading, Passage, Source

LONGEST: Final = 900  # characters of a passage

_PARAGRAPH: Final = re.compile(r"\S(?:[^\n]*\S)?+(?:[^\S\n]*+\n[^\S\n]*+\S(?:[^\n]*\S)?+)*+")


def split(source: Source) -> list[Passage]:
    """Cut a source into passages of at most ``LONGEST`` characters, in time linear in its length.

    A passage lies within one section. It ends with a paragraph; where one does not fit, with a
    sentence, a word or, in a word without end, anywhere. A heading is never parted from the first
    words below it; one that has none stands before its first subsection. Small sections are not put
    together, so that each is found, and cited, by its own heading.
    """
    passages: list[Passage] = []
    for section in _sections(source):
        first = len(passages)
        for piece in _pieces(source, section):
            start, before = piece.start, ()
            if len(passages) > first and piece.end - passages[-1].start <= LONGEST:
                last = passages.pop()
                start, before = last.start, last.sentences
            together = (*before, *piece.sentences)
            passages.append(Passage(source, start, piece.end, section.path, together))
    return passages


class _Section(NamedTuple):
    """A part of a text: where it begins, where its headings end, where it ends, all headings."""

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


def _pieces(source: Source, section: _Section) -> Iterator[Passage]:
    """What is not cut: headings, then paragraphs, and the sentences of those that do not fit.

    Of the first paragraph, they are small enough to stand in a passage with the headings.
    """
    start, body, end, path = section
    for heading in _PARAGRAPH.finditer(source.text, start, body):
        yield Passage(source, *heading.span(), path)
    for number, paragraph in enumerate(_PARAGRAPH.finditer(source.text, body, end)):
        above = 0 if number else paragraph.start() - start
        room = LONGEST - above if above <= LONGEST // 2 else LONGEST
        most = min(room, sentences.LONGEST)
        spans = sentences.spans(source.text, *paragraph.span(), source.language or "en", most)
        found = tuple(Passage(source, *span, path) for span in spans)
        if len(paragraph[0]) <= room:
            yield Passage(source, *paragraph.span(), path, found)
        else:
            yield from (Passage(source, each.start, each.end, path, (each,)) for each in found)
