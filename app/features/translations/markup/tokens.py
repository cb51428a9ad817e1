"""HTML and XML as texts and tags in order, each with its place in the source."""

import html
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from turbohtml import TokenType, tokenize

Kind = Literal["html", "xml"]


def _names(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_VOID: Final = _names(
    "area base br col embed frame hr img input keygen link meta param source track wbr"
)
_NO_TEXT: Final = _names(
    "code iframe kbd math noembed noframes noscript plaintext samp script style svg textarea var xmp"
)
_SIBLINGS: Final = {  # whose end tags may be left out, and what they end before
    name: names
    for names in map(_names, ("p", "li", "dd dt", "rp rt", "td th", "tr", "option"))
    for name in names
}
_XML: Final = re.compile(  # well-formed
    r"""<!--.*?--> | <\?.*?\?> | <!\[CDATA\[(?P<cdata>.*?)\]\]>
    | <!DOCTYPE(?:[^>"']++|"[^"]*+"|'[^']*+')*+>
    | <(?P<end>/?)(?P<name>[^\s/>]++) (?:[^>"'/]++|"[^"]*+"|'[^']*+')*+ (?P<void>/?)>""",
    re.DOTALL | re.VERBOSE,
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_TAG: Final = re.compile("</?[a-zA-Z]")
_SPACES: Final = re.compile("[ \t\n\f\r]+")
_AHEAD: Final = re.compile(r"\A(?:\s|&nbsp;|&#160;|&#x[aA]0;)++")  # white space, even by name
_BEHIND: Final = re.compile(r"\A(?:\s|;psbn&|;061#&|;0[aA]x#&)++")  # of what is reversed


@dataclass(slots=True)
class Token:
    """A part of a source that is not white space.

    Attributes:
        kind: a text to be translated; the two tags of a pair; or something by itself that is left
            alone, as an image, a comment, code, or a tag without a partner.
        start, end: its place.
        said: a text as a reader sees it, its references to characters resolved.
        cdata: whether it is a text in a CDATA section, where nothing is escaped.
        partner: of the tag that opens a pair, the index of the other.
    """

    kind: Literal["text", "open", "close", "alone"]
    start: int
    end: int
    said: str = ""
    cdata: bool = False
    partner: int = -1


def tokens_of(source: str, kind: Kind, ignore_tags: Collection[str]) -> list[Token]:
    """The tokens of a source.

    Args:
        source: the source; XML is well-formed.
        kind: its language.
        ignore_tags: names of elements in which nothing is text; in XML, exactly as written.
    """
    reader = _Reader(source, kind, ignore_tags)
    (_read_html if kind == "html" else _read_xml)(source, reader)
    reader.single()
    return reader.tokens


def as_lines(text: str) -> str:
    """With line feeds for line ends of any kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_xml(source: str, reader: "_Reader") -> None:
    at = 0
    for found in _XML.finditer(source):
        start, end = found.span()
        reader.text(at, start, html.unescape(as_lines(source[at:start])))
        at, name = end, found["name"]
        if found["cdata"]:
            inner, after = found.span("cdata")
            reader.enter("<![CDATA[", start, inner, {})
            reader.text(inner, after, as_lines(found["cdata"]), cdata=True)
            reader.leave("<![CDATA[", after, end)
        elif found["end"]:
            reader.leave(name, start, end)
        elif name and not found["void"]:
            reader.enter(name, start, end, {})
        else:
            reader.alone(start, end)
    reader.text(at, len(source), html.unescape(as_lines(source[at:])))


def _read_html(source: str, reader: "_Reader") -> None:
    """What the tokenizer passes over (``</>``, a last tag without its end) is no text."""
    lines = [0, *(line_end.end() for line_end in _LINE_END.finditer(source))]
    tokens = list(tokenize(source))
    starts = [*(lines[token.line - 1] + token.col for token in tokens), len(source)]
    reader.alone(0, starts[0])
    for token, (start, end) in zip(tokens, pairwise(starts), strict=True):
        name, said = token.tag or "", token.data or ""
        if token.type is TokenType.END_TAG:
            reader.leave(name, start, end)
        elif token.type is TokenType.START_TAG and name not in _VOID and not token.self_closing:
            reader.enter(name, start, end, dict(token.attrs or ()))
        elif token.type is not TokenType.TEXT:
            reader.alone(start, end)
        else:
            while source.endswith("</>", start, end) and not said.endswith("</>"):
                end -= len("</>")
            if end == len(source) and html.unescape(as_lines(source[start:])) != said:
                unfinished = _TAG.search(source, start)
                end = unfinished.start() if unfinished else end
            reader.text(start, end, said)


class _Element(NamedTuple):
    """An open element: whether text in it is translated, or (None) never; its tag's index."""

    name: str
    translated: bool | None
    token: int


class _Reader:
    """Makes tokens of a source's parts, which come in order."""

    def __init__(self, source: str, kind: Kind, ignore_tags: Collection[str]) -> None:
        self.tokens: list[Token] = []
        self._source, self._html = source, kind == "html"
        self._ignore_tags = {tag.lower() if self._html else tag for tag in ignore_tags}
        self._elements = [_Element("", translated=True, token=-1)]
        self._names: Counter[str] = Counter()
        self._open: list[int] = []  # tags that may become those of pairs
        self._last_text = -1

    def text(self, start: int, end: int, said: str, *, cdata: bool = False) -> None:
        if not self._elements[-1].translated:
            self.alone(start, end)
        elif said.strip():
            rest = _AHEAD.sub("", self._source[start:end])
            start = end - len(rest)
            end = start + len(_BEHIND.sub("", rest[::-1]))
            flows = self._html and not self._names["pre"]
            said = (_SPACES.sub(" ", said) if flows else said).strip()
            self._last_text = len(self.tokens)
            self.tokens.append(Token("text", start, end, said, cdata))

    def enter(self, name: str, start: int, end: int, attributes: Mapping[str, str]) -> None:
        if self._html and self._elements[-1].name in _SIBLINGS.get(name, ()):
            self._leave_last()
        around, token = self._elements[-1].translated, -1
        translated = None if name in self._ignore_tags else around
        if self._html and translated is not None:
            translated = _said(attributes, around and name not in _NO_TEXT)
        if not translated:
            self.alone(start, end)
        elif around:
            token = len(self.tokens)
            self._open.append(token)
            self.tokens.append(Token("open", start, end))
        else:
            self.single(start, end)
        self._elements.append(_Element(name, translated, token))
        self._names[name] += 1

    def leave(self, name: str, start: int, end: int) -> None:
        known = self._names[name] > 0
        while known and self._elements[-1].name != name:
            self._leave_last()
        element = self._elements[-1]
        if known:
            self._elements.pop()
            self._names[name] -= 1
        if not element.translated:
            self.alone(start, end)
        elif not known or self._open[-1:] != [element.token]:
            self.single(start, end)
        elif self._last_text > self._open.pop():
            self.tokens[element.token].partner = len(self.tokens)
            self.tokens.append(Token("close", start, end))
        else:  # without a text in it, a pair is left alone as a whole
            start = self.tokens[element.token].start
            del self.tokens[element.token :]
            self.alone(start, end)

    def alone(self, start: int, end: int) -> None:
        if start < end and self.tokens and self.tokens[-1].kind == "alone":
            self.tokens[-1].end = end
        elif start < end:
            self.tokens.append(Token("alone", start, end))

    def single(self, start: int = 0, end: int = 0) -> None:
        """A tag without a partner; nor has any that is open around it."""
        for index in self._open:
            self.tokens[index].kind = "alone"
        self._open.clear()
        self.alone(start, end)

    def _leave_last(self) -> None:
        """An element ends without a tag."""
        element = self._elements.pop()
        self._names[element.name] -= 1
        if element.token >= 0:
            self.single()


def _said(attributes: Mapping[str, str], inherited: bool | None) -> bool | None:
    """Whether an element is to be translated, by its attributes or by what is around it."""
    answer = {"no": False, "yes": True, "": True}.get(attributes.get("translate", "-").lower())
    if answer is None and "notranslate" in attributes.get("class", "").split():
        return False
    return inherited if answer is None else answer
