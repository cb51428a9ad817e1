"""The tags of a text as nodes of a tree, so that two texts can be compared."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import regex

from app.features.translations.fidelity.spans import Span

Node = tuple[str, str, frozenset[tuple[str, str]]]
"""A tag's name, its parent's, and its attributes; a closing tag's name begins with ``/``."""

VOID: Final = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
"""HTML's elements without a closing tag (HTML Standard, 13.1.2)."""

_NAME: Final = regex.compile(r"</?+([A-Za-z][\w.:-]*+)")
_ATTRIBUTE: Final = regex.compile(
    r"""([^\s"'=<>/]++)\s*+(?:=\s*+("[^"]*+"|'[^']*+'|[^\s"'<>]++))?+"""
)
_FOR_READERS: Final = frozenset({"alt", "aria-label", "label", "placeholder", "summary", "title"})
_CROSSED: Final = "(crossed)"


def name_of(tag: str) -> str:
    """An element's name; empty for a comment or a declaration."""
    match = _NAME.match(tag)
    return match[1] if match else ""


def tag_nodes(tags: Iterable[Span]) -> list[tuple[Node, str]]:
    """Each tag as a node, and as it is written.

    Sisters may change places, as words do in a translation; what is inside of what may not. An
    element that is never closed holds nothing. The text of an attribute for readers (``alt``)
    may be translated.
    """
    written = [tag.text for tag in tags]
    closed = Counter(name_of(text) for text in written if text.startswith("</"))
    open_names: list[str] = []
    nodes: list[tuple[Node, str]] = []
    for text in written:
        name = name_of(text)
        parent = open_names[-1] if open_names else ""
        if text.startswith("</"):
            nodes.append((_closing(name, open_names), text))
            continue
        nodes.append(((name or text, parent, _attributes(text)), text))
        if closed[name] and name not in VOID and not text.endswith("/>"):
            open_names.append(name)
    return nodes


def _closing(name: str, open_names: list[str]) -> Node:
    if open_names and open_names[-1] == name:
        open_names.pop()
        return f"/{name}", open_names[-1] if open_names else "", frozenset()
    return f"/{name}", _CROSSED, frozenset()


def _attributes(tag: str) -> frozenset[tuple[str, str]]:
    name = _NAME.match(tag)
    if name is None:
        return frozenset()
    return frozenset(
        (key, "" if key.lower() in _FOR_READERS else value.strip("\"'"))
        for key, value in _ATTRIBUTE.findall(tag, name.end())
    )
