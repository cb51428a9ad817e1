"""Markup as texts and tags in order, each with its place in the source.

HTML is read by the WHATWG's algorithm, and XML by expat, which opens nothing.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal
from xml.parsers import expat

from turbohtml import TokenType, tokenize

Kind = Literal["html", "xml"]
_Kind = Literal["text", "open", "close", "alone"]


def _names(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_VOID: Final = _names(
    "area base br col embed frame hr img input keygen link meta param source track wbr"
)
_NO_TEXT: Final = _names(
    "code iframe kbd math noembed noframes noscript plaintext samp script style svg textarea var xmp"
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_TAG: Final = re.compile(r"<(?!/>)[a-zA-Z/?!]|</>\s*\Z")
_ROOT: Final = "fragment"  # what a fragment of XML is wrapped in to be read
_SPACES: Final = re.compile("[ \t\n\f\r]+")
_NAMED: Final = re.compile("&nbsp;|&#160;|&#x[aA]0;")


class MarkupError(ValueError):
    """XML is not well-formed, or has entities of its own: where, and what would be right."""


@dataclass(slots=True)
class Token:
    """A part of a source that is not white space.

    Attributes:
        kind: a text to be translated; the two tags of a pair; or something by itself that is left
            alone, as an image, a comment, code, or a tag without a partner.
        start, end: its place.
        said: a text as a reader sees it, its references to characters resolved.
        partner: of the tag that opens a pair, the index of the other.
    """

    kind: _Kind
    start: int
    end: int
    said: str = ""
    partner: int = -1


def read(source: str, kind: Kind, ignore_tags: Collection[str] = ()) -> list[Token]:
    """The tokens of HTML or XML, a document or a fragment; raises ``MarkupError`` for wrong XML.

    In HTML, scripts, styles, drawings, formulas, code and the values of forms are no text, and
    ``translate="no"`` and the class ``notranslate`` are heeded. An element without its end tag goes
    as far as the one around it. Nothing is text in elements that are named by ``ignore_tags``, in
    XML exactly as written.
    """
    html = kind == "html"
    tokens = _Tokens(source, flows=html)
    ignored = {tag.lower() for tag in ignore_tags} if html else set(ignore_tags)
    for part, after in pairwise((_html_parts if html else _xml_parts)(source)):
        said, place = "".join(part.said), (part.start, after.start)
        if part.kind == "text":
            tokens.text(*place, said)
        elif part.kind == "open":
            tokens.enter(*place, said, ignored=part.ignored or said in ignored)
        elif part.kind == "close":
            tokens.leave(*place, said)
        else:
            tokens.alone(*place)
    return tokens.end()


@dataclass(slots=True)
class _Part:
    """What a parser finds: where it begins, and its name, or what is said, in pieces.

    The last one is only where those before it end.
    """

    kind: _Kind
    start: int
    said: list[str]
    ignored: bool = False


def _html_parts(source: str) -> Iterator[_Part]:
    """What a browser passes over (``</>``, a last tag or comment without its end) is no text."""
    lines = [0, *(line_end.end() for line_end in _LINE_END.finditer(source))]
    found, end = list(tokenize(source)), len(source)
    for token in found:
        start, name, said = lines[token.line - 1] + token.col, token.tag or "", token.data or ""
        if token.type is TokenType.END_TAG:
            yield _Part("close", start, [name])
        elif token.type is TokenType.START_TAG and not token.self_closing and name not in _VOID:
            said_so = dict(token.attrs or ())
            ignored = (
                name in _NO_TEXT
                or said_so.get("translate", "").lower() == "no"
                or "notranslate" in said_so.get("class", "").split()
            )
            yield _Part("open", start, [name], ignored)
        elif token.type is not TokenType.TEXT:
            yield _Part("alone", start, [])
        else:
            unfinished = _TAG.search(source, start) if token is found[-1] else None
            if unfinished and (unfinished.end() == end or not _TAG.search(said)):
                end, said = unfinished.start(), said.removesuffix("</")
            yield _Part("text", start, [said])
    yield _Part("alone", end, [])


def _xml_parts(source: str) -> list[_Part]:
    is_document = "<!DOCTYPE" in source or source.removeprefix("\ufeff").startswith("<?xml")
    before, after = ("", "") if is_document else (f"<{_ROOT}>", f"</{_ROOT}>")
    parts: list[_Part] = []
    parser: Any = expat.ParserCreate("utf-8")
    at = byte = 0

    def on(kind: _Kind) -> Callable[..., None]:
        def note(said: str = "", *_: object) -> None:
            nonlocal at, byte
            if kind == "text" and parts and parts[-1].kind == "text":
                parts[-1].said.append(said)
                return
            at += len(data[byte : parser.CurrentByteIndex].decode())
            byte = parser.CurrentByteIndex
            parts.append(_Part(kind, at - len(before), [said]))

        return note

    parser.StartElementHandler, parser.EndElementHandler = on("open"), on("close")
    parser.CharacterDataHandler = parser.StartCdataSectionHandler = on("text")
    parser.CommentHandler = parser.ProcessingInstructionHandler = on("alone")
    parser.EntityDeclHandler = parser.SkippedEntityHandler = _refuse
    try:
        data = f"{before}{source}{after}".encode()
        parser.Parse(data, True)
    except UnicodeEncodeError:
        raise MarkupError("Leave the lone surrogate out.") from None
    except expat.ExpatError as error:
        column = error.offset - (len(before) if error.lineno == 1 else 0)
        place = f"Line {error.lineno}, column {max(column, 0) + 1}"
        hint = "Write & as &amp; and < as &lt;, and close what was opened last first."
        raise MarkupError(f"{place}: {expat.ErrorString(error.code)}. {hint}") from None
    return [*parts, _Part("alone", len(source), [])] if is_document else parts[1:]


def _refuse(entity: str, *_: object) -> None:
    hint = "Write the character or its number, as in &#160;."
    raise MarkupError(f"&{entity}; is not known. {hint}")


class _Tokens:
    """Collects the tokens of a source's parts, which come in order."""

    def __init__(self, source: str, *, flows: bool) -> None:
        """Take the source; where it flows, as HTML does, white space is of no account."""
        self.found: list[Token] = []
        self._source, self._flows = source, flows
        self._elements = [("", 0)]  # open, with their tags' indices; -1 in what is not translated
        self._names: Counter[str] = Counter()
        self._last_text = -1

    def text(self, start: int, end: int, said: str) -> None:
        if self._elements[-1][1] < 0:
            self.alone(start, end)
        elif said.strip():
            raw = _NAMED.sub(lambda space: " " * len(space[0]), self._source[start:end])
            end = start + len(raw.rstrip())
            start += len(raw) - len(raw.lstrip())
            if self._flows and not self._names["pre"]:
                said = _SPACES.sub(" ", said)
            self._last_text = len(self.found)
            self.found.append(Token("text", start, end, said.strip()))

    def enter(self, start: int, end: int, name: str, *, ignored: bool) -> None:
        """A tag that opens an element, which is ignored as a whole or not."""
        ignored |= self._elements[-1][1] < 0
        if ignored:
            self.alone(start, end)
        else:
            self.found.append(Token("open", start, end))
        self._elements.append((name, -1 if ignored else len(self.found) - 1))
        self._names[name] += 1

    def leave(self, start: int, end: int, name: str) -> None:
        """A tag that ends an element, and what has no end within it; or nothing."""
        token = -1
        if self._names[name]:
            while self._elements[-1][0] != name:
                self._leave_alone()
            token = self._elements.pop()[1]
            self._names[name] -= 1
        if token < 0:
            self.alone(start, end)
        elif self._last_text > token:
            self.found[token].partner = len(self.found)
            self.found.append(Token("close", start, end))
        else:  # without a text in it, a pair is left alone as a whole
            start = self.found[token].start
            del self.found[token:]
            self.alone(start, end)

    def alone(self, start: int, end: int) -> None:
        if self.found and self.found[-1].kind == "alone":
            self.found[-1].end = end
        else:
            self.found.append(Token("alone", start, end))

    def end(self) -> list[Token]:
        while len(self._elements) > 1:
            self._leave_alone()
        return self.found

    def _leave_alone(self) -> None:
        """An element has no end tag."""
        name, token = self._elements.pop()
        self._names[name] -= 1
        if token >= 0:
            self.found[token].kind = "alone"
