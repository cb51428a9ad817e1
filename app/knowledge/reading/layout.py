"""Lines of printed pages into blocks: where paragraphs, headings and running titles are.

A PDF has no paragraphs, only glyphs at places. What is read off their places here is what a reader
goes by: gaps, sizes, indents, and whether the next word would have fitted into the line.
"""

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from app.knowledge.reading.blocks import Block

_HYPHEN: Final = "\ufffe"  # PDFium's, where a word is broken at the end of a line
_GAP: Final = 1.3  # times the usual distance of lines
_LARGER: Final = 1.15  # times the usual height
_LONGEST_HEADING: Final = 120  # characters
_RUNNING: Final = 3  # pages with the same line at the same place, or all of two
_OUTER: Final = 2  # lines at the top, and at the bottom, that may be running titles
_NUMBER: Final = re.compile(r"(?<!\d)[0-9]{1,5}(?!\d)")
_ITEM: Final = re.compile(r"(?:[\u2022\u25cf\u25aa\u2023\u25e6\u2013*-]|\(?\d{1,2}[.)])\s")
_ENDED: Final = re.compile(r"[.!?:;\u3002][)\"'\u201d\u2019]*\Z")
_BROKEN: Final = re.compile(rf"(\w*){_HYPHEN}(\w*)")
_NO_SPACES: Final = re.compile(r"[\u3001-\u30ff\u3400-\u9fff\uff01-\uff60]")  # Chinese, Japanese
_HYPHENED: Final = re.compile(r"\w+-\w+")
_DOTS: Final = re.compile(r"\s?(?:\.\s?){5,}\s?")
_NO_LETTERS: Final = re.compile(r"\A[\d.]+\s|[\W_]+")

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page.

    Attributes:
        text: its text.
        left, right: where it begins and ends, in points from the page's left edge.
        bottom: its distance from the page's lower edge, in points.
        height: of its font, in points.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float


def blocks_of(pages: Sequence[Sequence[Line]], outline: Mapping[str, int]) -> list[Block]:
    """The pages' text in blocks.

    Args:
        pages: their lines, in reading order.
        outline: level, from 1, of each heading that the document lists. If it lists none,
            headings are the short blocks in larger type.
    """
    listed = {_letters(title): level for title, level in outline.items()}
    pages = [
        [_without_dots(line) for line in page if not _is_entry(line, listed)]
        for page in _without_running_titles(pages)
    ]
    usual = _usual_height(pages)
    whole = {
        word.lower() for page in pages for line in page for word in _HYPHENED.findall(line.text)
    }
    groups = [group for page in pages for group in _groups(page, listed)]
    firsts = {id(page[0]) for page in pages if page}
    sizes = sorted({_size(group) for group in groups if _is_large(group, usual)}, reverse=True)
    blocks: list[Block] = []
    for group in groups:
        text = _mended(_joined(group), whole)
        level = listed.get(_letters(text), 0)
        if not listed and _is_large(group, usual):
            level = min(6, sizes.index(_size(group)) + 1)
        if id(group[0]) in firsts and blocks and not level and _goes_on(blocks[-1], text):
            blocks[-1] = Block(f"{blocks[-1].text} {text}")
        else:
            blocks.append(Block(text, level))
    return blocks


def _usual_height(pages: Sequence[Sequence[Line]]) -> int:
    """That of most characters."""
    heights: Counter[int] = Counter()
    for page in pages:
        for line in page:
            heights[round(line.height)] += len(line.text)
    return max(heights, key=heights.__getitem__, default=0)


def title_of(page: Sequence[Line]) -> str:
    """What stands on a first page in the largest type, if it is larger than the rest."""
    groups = list(_groups(page, ()))
    sizes = [_size(group) for group in groups]
    largest = max(sizes, default=0)
    if sizes.count(largest) != 1 or len(sizes) == 1:
        return ""
    text = _joined(groups[sizes.index(largest)])
    return text if len(text) <= _LONGEST_HEADING else ""


def _without_running_titles(pages: Sequence[Sequence[Line]]) -> Iterator[list[Line]]:
    """Pages without what stands at the same place on each.

    Lines with the page's number go; other lines stay where they are first seen, since a table's
    head or a telephone number are said nowhere else.
    """
    enough = max(2, min(_RUNNING, len(pages)))
    outer = [_outer(page) for page in pages]
    seen = Counter(
        key for number, lines in enumerate(outer) for line in lines for key in _keys(line, number)
    )
    told: set[_Key] = set()
    for number, page in enumerate(pages):
        running: set[int] = set()
        for line in outer[number]:
            literal = (round(line.bottom), line.text)
            numbered = _keys(line, number) - {literal}
            again = seen[literal] >= enough and literal in told
            if again or any(seen[key] >= enough for key in numbered):
                running.add(id(line))
            told.add(literal)
        yield [line for line in page if id(line) not in running]


def _keys(line: Line, page: int) -> set[_Key]:
    """The line and its place, also with a number in it counted from that of the page."""
    place, text = round(line.bottom), line.text
    numbers = list(_NUMBER.finditer(text))
    relative = {
        f"{text[: found.start()]}#{int(found[0]) - page}{text[found.end() :]}"
        for found in (*numbers[:1], *numbers[-1:])
    }
    return {(place, text), *((place, other) for other in relative)}


def _outer(page: Sequence[Line]) -> list[Line]:
    by_height = sorted(page, key=lambda line: line.bottom)
    return [*by_height[:_OUTER], *by_height[_OUTER:][-_OUTER:]]


def _is_entry(line: Line, listed: Container[str]) -> bool:
    """Whether a line is a heading's in the table of contents, which says nothing else."""
    dots = _DOTS.search(line.text)
    return dots is not None and _letters(line.text[: dots.start()]) in listed


def _without_dots(line: Line) -> Line:
    return replace(line, text=_DOTS.sub(" | ", line.text)) if _DOTS.search(line.text) else line


def _groups(page: Sequence[Line], listed: Container[str]) -> Iterator[list[Line]]:
    """Lines that belong together; a listed heading stands by itself."""
    pitches = [a.bottom - b.bottom for a, b in pairwise(page)]
    near = [pitch for pitch in pitches if pitch > 0]
    usual = median(near) if near else 0
    group: list[Line] = []
    after_heading = False
    for line in page:
        is_heading = _letters(line.text) in listed
        if group and (is_heading or after_heading or _begins(group, line, usual)):
            yield group
            group = []
        group.append(line)
        after_heading = is_heading
    if group:
        yield group


def _begins(group: Sequence[Line], line: Line, usual: float) -> bool:
    """Whether a new paragraph begins with a line."""
    before = group[-1]
    pitch = before.bottom - line.bottom
    if max(line.height, before.height) > _LARGER * min(line.height, before.height):
        return True
    if pitch > _GAP * usual or pitch > 2 * _GAP * line.height:
        return True
    ended = _ENDED.search(before.text) is not None
    if pitch < -line.height:  # the next column
        return ended
    indented = line.left > group[0].left + line.height / 2 and line.left > before.left
    return ended and indented and not _ITEM.match(group[0].text)


def _joined(group: Sequence[Line]) -> str:
    """A group's text: lines that were only broken for want of room are one."""
    edge = max(line.right for line in group)
    text = group[0].text
    for before, line in pairwise(group):
        word = len(line.text.split(" ", 1)[0]) + 1
        room = word * (line.right - line.left) / max(1, len(line.text))
        wanted = before.right + room <= edge or _ITEM.match(line.text)
        text += ("\n" if wanted else _seam(text, line.text)) + line.text
    return text


def _seam(before: str, after: str) -> str:
    return "" if _NO_SPACES.match(before[-1]) and _NO_SPACES.match(after) else " "


def _mended(text: str, whole: set[str]) -> str:
    """Words broken at line ends in one piece; a hyphen stays if the word is seen with it."""

    def mend(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        own = not second[:1].islower() or f"{first}-{second}".lower() in whole
        return f"{first}-{second}" if own else first + second

    return _BROKEN.sub(mend, text) if _HYPHEN in text else text


def _goes_on(block: Block, text: str) -> bool:
    """Whether a page's last paragraph goes on with the next page's first."""
    return not block.level and not _ENDED.search(block.text) and text[:1].islower()


def _is_large(group: Sequence[Line], usual: float) -> bool:
    text = "".join(line.text for line in group)
    return (
        _size(group) > _LARGER * usual
        and len(text) <= _LONGEST_HEADING
        and any(map(str.isalpha, text))
    )


def _size(group: Sequence[Line]) -> int:
    return round(max(line.height for line in group))


def _letters(text: str) -> str:
    """What headings and their entries in the outline are compared by: not by their numbers."""
    return _NO_LETTERS.sub("", text).casefold()
