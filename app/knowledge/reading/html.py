"""HTML into blocks: what a reader sees of the page, without what surrounds its content.

lxml parses; it is linear where other parsers are quadratic in open tags.
"""

import re
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Final

from app.knowledge.reading.blocks import Block, Draft
from app.knowledge.reading.charsets import decoded

_ETREE: Final[Any] = import_module("lxml.etree")  # its stubs leave most of it untyped

_DECLARED: Final = re.compile(
    rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_DECLARED_WITHIN: Final = 1024  # bytes, as the HTML standard has it
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")  # libxml2 ends at a zero
_TAG: Final = re.compile(r"<[^<>]*>")

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS: Final = frozenset(
    {"p", "div", "pre", "blockquote", "figure", "figcaption", "hr", "address", "details", "summary"}
    | {"section", "article", "main", "aside", "header", "footer", "body", "form", "fieldset"}
    | {"center", "legend", "dialog"}
)
_GROUPS: Final = frozenset({"ul", "ol", "dl", "table", "menu"})
_LINES: Final = frozenset({"li", "tr", "dt", "dd", "caption", "br"})
_CELLS: Final = frozenset({"td", "th"})
_UNSEEN: Final = frozenset(
    {"head", "title", "script", "style", "template", "noscript", "nav", "iframe", "object"}
    | {"audio", "video", "canvas", "svg", "button", "select", "textarea", "datalist"}
)
_ROLES: Final = frozenset({"navigation", "banner", "contentinfo", "search"})
_SECTIONS: Final = frozenset({"article", "aside", "main", "section"})
_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:px|%|r?em)?\s*(?:;|!|\Z)",
    re.IGNORECASE,
)
_PERMALINKS: Final = frozenset({"", "#", "\u00a7", "\u00b6"})


def read_html(data: bytes) -> Draft:
    """A page: of its ``main`` element, if it has one, else of all of it.

    Raises:
        Unreadable: it is not text.
    """
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    return draft_of(decoded(data, declared[1].decode() if declared else ""))


def draft_of(html: str) -> Draft:
    """A page's blocks, and what it says about itself.

    Markup nested deeper than libxml2 reads (2,048) loses its tags, not its text.
    """
    clean = _CONTROLS.sub(" ", html)
    parser = _ETREE.HTMLParser(huge_tree=True, encoding="utf-8")
    root = _ETREE.fromstring(clean.encode("utf-8", "replace"), parser) if clean.strip() else None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        return Draft([Block(" ".join(_TAG.sub(" ", clean).split()))])
    if root is None:
        return Draft([])
    page = _Page()
    main = root.find(".//main")
    page.walk(root if main is None else main)
    first = next((block.text for block in page.blocks if block.level == 1), "")
    return Draft(page.blocks, _title(root, first), _canonical(root), root.get("lang"))


def _title(root: Any, heading: str) -> str:
    """The title without the site's name, where the page's heading tells it from that."""
    title = " ".join(root.findtext(".//title", "").split())
    return heading if not title or (heading and heading in title) else title


def _canonical(root: Any) -> str | None:
    for link in root.iterfind(".//link[@rel='canonical']"):
        return link.get("href")
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the page the walk is.

    Attributes:
        unseen: nothing here is read.
        pre: line breaks count.
        depth: lists and tables around.
        cell: within a cell, which is one line.
        section: within a part that has headers and footers of its own.
        heading: within a heading.
    """

    unseen: bool = False
    pre: bool = False
    depth: int = 0
    cell: bool = False
    section: bool = False
    heading: bool = False


class _Page:
    """Blocks read so far, the block being read, and its last line."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._line_place = _Place()
        self._numbers: list[int | None] = []
        self._mark = ""

    def walk(self, root: Any) -> None:
        places = [_Place()]
        for event, node in _ETREE.iterwalk(root, events=("start", "end", "comment", "pi")):
            if event == "start":
                places.append(self._enter(node, places[-1]))
                self._write(node.text, places[-1])
                continue
            if event == "end":
                self._leave(node, places.pop(), places[-1])
            if node is not root:
                self._write(node.tail, places[-1])
        self._end_block()

    def _enter(self, node: Any, outer: _Place) -> _Place:
        tag: str = node.tag
        if outer.unseen or _is_unseen(node, outer):
            return replace(outer, unseen=True)
        if tag == "table" and _is_layout(node):
            tag = "div"
        self._border(tag, outer)
        if tag == "li":
            self._mark = self._item(outer)
        elif tag in ("ul", "ol", "menu"):
            start = node.get("start", "1")
            number = int(start) if start.isdecimal() and len(start) < 9 else 1
            self._numbers.append(number if tag == "ol" else None)
        elif tag == "img":
            self._write(node.get("alt"), outer)
        elif tag in _CELLS and outer.depth and node.getprevious() is not None:
            self._line.append(" | ")
        return _Place(
            pre=outer.pre or tag == "pre",
            depth=outer.depth + (tag in _GROUPS),
            cell=outer.cell or (tag in _CELLS and outer.depth > 0),
            section=outer.section or tag in _SECTIONS,
            heading=outer.heading or tag in _HEADINGS,
        )

    def _leave(self, node: Any, place: _Place, outer: _Place) -> None:
        tag: str = node.tag
        if place.unseen:
            return
        if tag in _HEADINGS:
            self._end_block(_HEADINGS[tag])
            return
        if tag in ("ul", "ol", "menu"):
            self._numbers.pop()
        self._border("div" if tag == "table" and not place.depth else tag, outer)

    def _border(self, tag: str, outer: _Place) -> None:
        """What the beginning or the end of an element breaks: the block, the line, or nothing."""
        if tag in _HEADINGS:
            self._end_block()
        elif tag in _PARAGRAPHS or tag in _GROUPS or tag in _LINES:
            if outer.cell:
                self._line.append(" ")
            elif outer.depth or tag in _LINES:
                self._end_line()
            else:
                self._end_block()

    def _item(self, outer: _Place) -> str:
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return "- "
        self._numbers[-1] = number + 1
        return f"{number}. "

    def _write(self, text: str | None, place: _Place) -> None:
        if not text or place.unseen:
            return
        self._line_place = place
        if place.pre and not place.cell:
            first, *others = text.split("\n")
            self._line.append(first)
            for line in others:
                self._end_line()
                self._line.append(line)
            return
        self._line.append(text)

    def _end_line(self) -> None:
        place, written = self._line_place, "".join(self._line)
        self._line.clear()
        text = written.rstrip() if place.pre else " ".join(written.split())
        if not text.strip(" |"):
            return
        if not place.heading:
            indent = "  " * max(0, len(self._numbers) - 1)
            text = indent + (self._mark or "  " * bool(self._numbers)) + text
        self._lines.append(text)
        self._mark = ""

    def _end_block(self, level: int = 0) -> None:
        self._end_line()
        if self._lines:
            joined = " ".join(self._lines) if level else "\n".join(self._lines)
            self.blocks.append(Block(joined, level))
            self._lines.clear()


def _is_unseen(node: Any, outer: _Place) -> bool:
    tag: str = node.tag
    if tag in _UNSEEN or (tag in ("header", "footer") and not outer.section):
        return True  # of the page, not of a part: https://www.w3.org/TR/html-aam-1.0/#el-header
    if tag == "a" and node.getparent() is not None and node.getparent().tag in _HEADINGS:
        return "".join(node.itertext(with_tail=False)).strip() in _PERMALINKS
    if not node.attrib:
        return False
    return (
        "hidden" in node.attrib
        or node.get("aria-hidden") == "true"
        or node.get("role") in _ROLES
        or _HIDING.search(node.get("style", "")) is not None
    )


def _is_layout(table: Any) -> bool:
    """Old pages stand in tables as a whole; then cells are not data."""
    if table.get("role") in ("presentation", "none"):
        return True
    inner = table.iter("table", *_HEADINGS)
    return any(node is not table for node in inner)
