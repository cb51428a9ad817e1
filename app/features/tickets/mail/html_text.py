"""The text of an HTML email as its reader sees it, and apart from it what the reader cannot see.

lxml parses: it stays linear on a megabyte of open tags, where selectolax took 70 s for 100,000.
Quotes of all mail programs come out as lines with ``>``, so that one splitter serves both formats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from typing import Any, Final

from app.features.tickets.mail.css import VISIBLE, Declarations, Look, declarations, rules

_ETREE: Final[Any] = import_module("lxml.etree")  # its stubs leave most of it untyped

_SPACES: Final = re.compile(r"[ \t\n\r\f\xa0]+")
_TAG: Final = re.compile(r"<[^<>]*>")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_DROPPED: Final = frozenset({"script", "style", "template"})
_PARAGRAPHS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote"}
)
_BLOCKS: Final = _PARAGRAPHS | frozenset(
    {"html", "body", "div", "li", "dt", "dd", "tr", "caption", "hr", "section", "article", "header"}
    | {"footer", "main", "nav", "aside", "address", "center", "figure", "figcaption", "option"}
)
_CELLS: Final = frozenset({"td", "th"})
_QUOTES: Final = frozenset(
    {"gmail_attr", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote", "zmail_extra"}
)
_SIGNATURES: Final = frozenset({"gmail_signature", "moz-signature"})
_REST_IDS: Final = frozenset(
    {"divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container"}
)
_OUTLOOK_RULE: Final = re.compile(r"border:none;border-top:solid#[0-9a-f]{6}1\.0pt;?")
_QUOTE_WITHIN: Final = 50  # elements
_INDENT: Final = re.compile(r"border:none;?")


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What an HTML page says.

    Attributes:
        text: what a reader sees; quotes are lines with ``>``.
        hidden: what a reader does not see: text styled away, comments, titles, alternatives.
    """

    text: str
    hidden: str


def html_to_text(html: str) -> HtmlText:
    """The page's text; linear in its length.

    Markup nested deeper than libxml2 reads (2,048) loses its tags, not its text.
    """
    parser = _ETREE.HTMLParser(huge_tree=True, encoding="utf-8")
    root = _ETREE.fromstring(html.encode("utf-8", "replace"), parser) if html.strip() else None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        return HtmlText(_tidy(_TAG.sub("\n", html)), "")
    if root is None:
        return HtmlText("", "")
    page = _Page(_sheet(root))
    page.walk(root)
    return HtmlText(_tidy("\n".join(page.lines())), "\n".join(page.hidden))


def _sheet(root: Any) -> Mapping[str, Declarations]:
    return rules("\n".join(style.text or "" for style in root.iter("style")))


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(map(str.rstrip, text.split("\n")))).strip("\n")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the page the walk is: how text looks there and how deep it is quoted."""

    look: Look = VISIBLE
    depth: int = 0
    dropped: bool = False
    pre: bool = False


class _Page:
    """Lines written so far, and the line being written."""

    def __init__(self, sheet: Mapping[str, Declarations]) -> None:
        self.hidden: list[str] = []
        self._sheet = sheet
        self._lines: list[str] = []
        self._line: list[str] = []
        self._line_depth = 0
        self._last_depth = 0
        self._blank_is_due = False
        self._rest_is_quoted = False

    def lines(self) -> list[str]:
        self._end_line()
        return self._lines

    def walk(self, root: Any) -> None:
        places = [_Place()]
        for event, node in _ETREE.iterwalk(root, events=("start", "end", "comment", "pi")):
            if event == "start":
                places.append(self._enter(node, places[-1]))
                self._write(node.text, places[-1])
                continue
            if event == "end":
                self._leave(node, places.pop())
            elif event == "comment":
                self._hide(node.text)
            self._write(node.tail, places[-1])

    def _enter(self, node: Any, outer: _Place) -> _Place:
        tag: str = node.tag
        if tag in _PARAGRAPHS:
            self._gap()
        elif tag in _BLOCKS:
            self._end_line()
        place = outer
        if node.attrib or tag in self._sheet:
            place = self._styled(node, place)
        if tag in _DROPPED or tag == "title":
            place = replace(place, dropped=True)
        elif tag == "pre":
            place = replace(place, pre=True)
        elif tag == "blockquote" and not _is_indent(node):
            place = replace(place, depth=place.depth + 1)
        if tag == "li":
            self._write("- ", place)
        elif tag == "title":
            self._hide(node.text)
        return place

    def _styled(self, node: Any, outer: _Place) -> _Place:
        attributes: dict[str, str] = dict(node.attrib)
        for name in ("title", "alt"):
            self._hide(attributes.get(name))
        classes = attributes.get("class", "").split()[:20]
        style = declarations(attributes.get("style", ""))
        place = replace(outer, look=outer.look.inside(self._style(node.tag, attributes, style)))
        if _starts_the_rest(attributes) and outer.depth == 0:
            self._rest_is_quoted = True
        introduces = not _QUOTES.isdisjoint(classes) or _is_gmail_forward(node, classes)
        if introduces and outer.depth == 0:
            self._end_line()
            place = replace(place, depth=place.depth + 1)
        if not _SIGNATURES.isdisjoint(classes) and place.depth == 0:
            self._begin_signature()
        return place

    def _style(self, tag: str, attributes: dict[str, str], inline: Declarations) -> Declarations:
        classes = attributes.get("class", "").split()[:20]
        selectors = [
            tag,
            *(f".{name}" for name in classes),
            *(f"{tag}.{name}" for name in classes),
            f"#{attributes.get('id', '')}",
        ]
        found: dict[str, str] = {}
        for selector in selectors:
            found |= self._sheet.get(selector, {})
        for attribute, name in (("bgcolor", "background"), ("color", "color")):
            if attribute in attributes:
                found[name] = attributes[attribute].lower()
        if "hidden" in attributes:
            found["display"] = "none"
        return {**found, **inline}

    def _leave(self, node: Any, place: _Place) -> None:
        tag: str = node.tag
        if tag == "br":
            self._break(place)
        elif tag in _PARAGRAPHS:
            self._gap()
        elif tag in _BLOCKS:
            self._end_line()
        elif tag in _CELLS and self._line:
            self._line.append("\t")

    def _write(self, text: str | None, place: _Place) -> None:
        if not text or place.dropped:
            return
        if not place.look.visible:
            self._hide(text)
            return
        if place.pre:
            first, *others = text.split("\n")
            self._append(first, place)
            for line in others:
                self._break(place)
                self._append(line, place)
            return
        self._append(_SPACES.sub(" ", text), place)

    def _append(self, text: str, place: _Place) -> None:
        if not self._line:
            text = text if place.pre else text.lstrip(" ")
            self._line_depth = place.depth + self._rest_is_quoted
        if text:
            self._line.append(text)

    def _break(self, place: _Place) -> None:
        if not self._line:
            self._line_depth = place.depth + self._rest_is_quoted
            self._line.append("")
        self._end_line()

    def _gap(self) -> None:
        self._end_line()
        self._blank_is_due = bool(self._lines)

    def _end_line(self) -> None:
        if not self._line:
            return
        text, depth = "".join(self._line).rstrip(), self._line_depth
        if self._blank_is_due and text:
            self._lines.append(">" * min(depth, self._last_depth))
        self._lines.append(f"{'>' * depth} {text}".rstrip() if depth else text)
        self._last_depth, self._blank_is_due, self._line = depth, False, []

    def _begin_signature(self) -> None:
        self._end_line()
        if self._lines[-1:] != ["--"]:
            self._lines.append("--")

    def _hide(self, text: str | None) -> None:
        if text and (bare := _SPACES.sub(" ", text).strip()):
            self.hidden.append(bare)


def _starts_the_rest(attributes: Mapping[str, str]) -> bool:
    """Outlook does not enclose what it quotes: a rule or an empty element stands above it."""
    if attributes.get("id", "").lower().removeprefix("x_") in _REST_IDS:
        return True
    style = "".join(attributes.get("style", "")[:200].lower().split())
    return _OUTLOOK_RULE.match(style) is not None


def _is_indent(blockquote: Any) -> bool:
    """Gmail's button "indent" makes a blockquote too, without a border."""
    style = "".join(blockquote.get("style", "")[:200].lower().split())
    return "gmail_quote" not in blockquote.get("class", "") and bool(_INDENT.search(style))


def _is_gmail_forward(node: Any, classes: list[str]) -> bool:
    """Gmail quotes an answered email in a blockquote within this element, a forwarded one not."""
    if node.tag == "blockquote" or "gmail_quote" not in classes:
        return False
    first = islice(node.iter(), _QUOTE_WITHIN)
    return all(inner.tag != "blockquote" for inner in first)
