"""Readers of HTML, by the WHATWG's algorithm, and of XML, by expat, which opens nothing."""

import re
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import Any, Final, Literal
from xml.parsers import expat

from turbohtml import TokenType, tokenize

from app.features.translations.markup.tokens import Token, Tokens

Kind = Literal["html", "xml"]


def _names(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_VOID: Final = _names(
    "area base br col embed frame hr img input keygen link meta param source track wbr"
)
_NO_TEXT: Final = _names(
    "code iframe kbd math noembed noframes noscript plaintext samp script style svg textarea var xmp"
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_TAG: Final = re.compile("<[a-zA-Z/?!]")
_ROOT: Final = "fragment"  # what a fragment of XML is wrapped in to be read


class MarkupError(ValueError):
    """XML is not well-formed: where it is not, and what would be right."""


def read(source: str, kind: Kind, ignore_tags: Collection[str] = ()) -> list[Token]:
    """The tokens of HTML or XML, a document or a fragment.

    In HTML, scripts, styles, drawings, formulas, code and the values of forms are no text, and
    ``translate="no"`` and the class ``notranslate`` are heeded. An element without its end tag goes
    as far as the one around it.

    Args:
        source: the markup.
        kind: its language.
        ignore_tags: names of elements in which nothing is text; in XML, exactly as written.

    Raises:
        MarkupError: XML is not well-formed, or has entities of its own.
    """
    html = kind == "html"
    tokens = Tokens(source, {tag.lower() if html else tag for tag in ignore_tags})
    (_read_html if html else _read_xml)(source, tokens)
    return tokens.end()


def _read_html(source: str, tokens: Tokens) -> None:
    """What a browser passes over (``</>``, a last tag or comment without its end) is no text."""
    lines = [0, *(line_end.end() for line_end in _LINE_END.finditer(source))]
    found = list(tokenize(source))
    starts = [*(lines[token.line - 1] + token.col for token in found), len(source)]
    for token, (start, end) in zip(found, pairwise(starts), strict=True):
        name, said = token.tag or "", token.data or ""
        if token.type is TokenType.END_TAG:
            tokens.leave(name, start, end)
        elif token.type is TokenType.START_TAG and not token.self_closing and name not in _VOID:
            ignored = name in _NO_TEXT or _not_translated(dict(token.attrs or ()))
            tokens.enter(name, start, end, ignored=ignored)
        elif token.type is not TokenType.TEXT:
            tokens.alone(start, end)
        else:
            unfinished = _TAG.search(source, start) if end == len(source) else None
            if unfinished and (unfinished.end() == end or not _TAG.search(said)):
                end, said = unfinished.start(), said.removesuffix("</")
            tokens.text(start, end, said, flows=True)


def _not_translated(attributes: Mapping[str, str]) -> bool:
    said_so = attributes.get("translate", "").lower() == "no"
    return said_so or "notranslate" in attributes.get("class", "").split()


def _read_xml(source: str, tokens: Tokens) -> None:
    events = _events(source)
    starts = [*(place for _, place, _ in events), len(source)]
    for (kind, _, said), (start, end) in zip(events, pairwise(starts), strict=True):
        if kind == "open":
            tokens.enter(said[0], start, end)
        elif kind == "close":
            tokens.leave(said[0], start, end)
        elif kind == "text":
            tokens.text(start, end, "".join(said), flows=False)
        else:
            tokens.alone(start, end)


def _events(source: str) -> list[tuple[str, int, list[str]]]:
    """What expat finds: its kind, where it begins, and its name, or what is said in pieces."""
    is_document = "<!DOCTYPE" in source or source.removeprefix("\ufeff").startswith("<?xml")
    before, after = ("", "") if is_document else (f"<{_ROOT}>", f"</{_ROOT}>")
    events: list[tuple[str, int, list[str]]] = []
    parser: Any = expat.ParserCreate("utf-8")
    at = byte = 0

    def on(kind: str) -> Callable[..., None]:
        def note(said: str = "", *_: object) -> None:
            nonlocal at, byte
            if kind == "text" and events and events[-1][0] == "text":
                events[-1][2].append(said)
                return
            at += len(data[byte : parser.CurrentByteIndex].decode())
            byte = parser.CurrentByteIndex
            events.append((kind, at - len(before), [said]))

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
    return events if is_document else events[1:-1]


def _refuse(entity: str, *_: object) -> None:
    hint = "Write the character or its number, as in &#160;."
    raise MarkupError(f"&{entity}; is not known. {hint}")
