"""Sources into passages: small enough to be read by the model, whole enough to be understood.

And into their sentences, the form in which documents reach the model.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, NamedTuple

from app.knowledge.sources import Heading, Passage, Source, Span

_SENTENCEX: Final[Any] = import_module("sentencex")  # Wikipedia's segmenter; it has no types

LONGEST: Final = 900  # characters of a passage
LONGEST_SENTENCE: Final = 600  # characters

_PARAGRAPH: Final = re.compile(r"\S(?:[^\n]*\S)?+(?:[^\S\n]*+\n[^\S\n]*+\S(?:[^\n]*\S)?+)*+")
_WINDOW: Final = 1_000  # characters: sentencex is quadratic in open quotes and in Chinese
_WRAPPED: Final = range(60, 121)  # characters of the longest line of a text that is wrapped
_LINE: Final = re.compile(r"[^\n]+")
_ITEM: Final = re.compile(
    r"[^\S\n]{0,20}((?:[-*+\u2022>|]|\(?(?:\d{1,3}|\w)[.)](?=\s))[^\S\n]{0,20})(?=\S)"
)
_FIRST_WORD: Final = re.compile(r"\s*(\S+)")
_LAST_WORD: Final = re.compile(r"(?<!\S)\S*+\Z")
_CELL: Final = " | "  # between a table's cells


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
        most = min(room, LONGEST_SENTENCE)
        places = spans(source.text, *paragraph.span(), source.language or "en", most)
        found = tuple(Passage(source, *place, path) for place in places)
        if len(paragraph[0]) <= room:
            yield Passage(source, *paragraph.span(), path, found)
        else:
            yield from (Passage(source, each.start, each.end, path, (each,)) for each in found)


def spans(
    text: str, start: int, end: int, language: str, most: int = LONGEST_SENTENCE
) -> list[Span]:
    """Where the sentences of a paragraph stand in a text, without the white space around them.

    Only the places where sentencex ends a sentence are used, so no character is lost. A sentence
    ends with its line, unless that was only broken for want of room; a table's row is one sentence.
    Of one that has more than ``most`` characters, as many words as fit are one. The time is linear
    in the text.
    """
    found: list[Span] = []
    code = language.partition("-")[0].lower()
    for first, stop in _lines(text, start, end):
        is_row, before = _CELL in text[first:stop], len(found)
        mark = _ITEM.match(text, first, stop)
        at = mark.end() if mark else first
        room = most - len(mark[1]) if mark else most
        while at < stop:
            window = text[at : min(stop, at + _WINDOW)]
            readable = window.encode(errors="replace").decode()  # no lone surrogates
            pieces: list[str] = [window] if is_row else _SENTENCEX.segment(code, readable)
            if at + len(window) < stop and len(pieces) > 1:
                pieces.pop()  # it may go on after the window, so it is read again with what follows
            for piece in pieces:
                whole = len(piece) <= room
                taken = piece if whole else _LAST_WORD.sub("", piece[: room + 1], 1) or piece[:room]
                if bare := taken.strip():
                    begin = at + len(taken) - len(taken.lstrip())
                    found.append((begin, begin + len(bare)))
                at += len(taken)
                if not whole:
                    break
        if mark:
            found[before] = (mark.start(1), found[before][1])
    return found


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Lines; one that is about as long as all others, and full, goes on with the next."""
    found = [line.span() for line in _LINE.finditer(text, start, end)]
    width = max((stop - begin for begin, stop in found), default=0)
    begin = start
    for (first, stop), (after, close) in pairwise(found):
        word = _FIRST_WORD.match(text, after, close)
        fits = not word or width - (stop - first) > len(word[1])
        if width not in _WRAPPED or fits or _ITEM.match(text, after) or _CELL in text[first:stop]:
            yield begin, stop
            begin = after
    yield begin, end
