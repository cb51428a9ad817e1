"""Where in HTML the texts stand: its tokens, and which elements are open.

The tokens are those of the HTML Standard (13.2.5). Which elements are open is known well enough
to say where one ends that is not to be translated; a browser knows it better where tags cross.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_ATTRIBUTE: Final = r"""
    (?P<key>[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)
    (?:[ \t\n\f\r]*+=[ \t\n\f\r]*+
        (?P<value>"[^"]*+"?+|'[^']*+'?+|[^ \t\n\f\r>"'][^ \t\n\f\r>]*+)?+)?+"""
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE, re.VERBOSE)
_TOKEN: Final = re.compile(
    rf"""<!--(?:-?>|.*?(?:--!?>|\Z))
    | <[!?][^>]*+>?+ | </(?![a-zA-Z])[^>]*+>?+
    | <(?P<end>/?)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+)
      (?P<attributes>(?:[ \t\n\f\r/]++|{_ATTRIBUTE})*+)>?+""",
    re.DOTALL | re.VERBOSE,
)


def _names(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_VOID: Final = _names(
    "area base br col embed frame hr img input keygen link meta param source track wbr"
)
_RAW: Final = {  # elements without elements in them, and what ends them
    name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE)
    for name in _names("iframe noembed noframes script style textarea title xmp")
} | {"plaintext": re.compile(r"(?!)")}
_DRAWN: Final = frozenset({"svg", "math"})
_NO_TEXT: Final = _names("code kbd samp var") | _DRAWN | (_RAW.keys() - {"title"})

_BLOCKS: Final = _names(
    "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search "
    "section summary table ul"
)
_CELLS: Final = frozenset({"p", "td", "th"})
_ROWS: Final = _CELLS | {"tr"}
_GROUPS: Final = _ROWS | {"tbody", "tfoot", "thead"}
_CLOSED_BY: Final = {  # the elements whose end tags may be left out: HTML Standard, 13.1.2.4
    **dict.fromkeys(_BLOCKS, frozenset({"p"})),
    **dict.fromkeys(("dd", "dt"), frozenset({"dd", "dt", "p"})),
    **dict.fromkeys(("rp", "rt"), frozenset({"rp", "rt"})),
    **dict.fromkeys(("td", "th"), _CELLS),
    **dict.fromkeys(("tbody", "tfoot", "thead"), _GROUPS),
    "li": frozenset({"li", "p"}),
    "optgroup": frozenset({"optgroup", "option"}),
    "option": frozenset({"option"}),
    "tr": _ROWS,
}


class _Element(NamedTuple):
    """An open element.

    Attributes:
        translated: whether the text in it is to be translated.
        ignored: whether that holds for whatever is in it.
    """

    name: str
    translated: bool
    ignored: bool


class _Path:
    """The open elements at a place of a source."""

    def __init__(self, ignore_tags: Collection[str]) -> None:
        self._ignore_tags = frozenset(map(str.lower, ignore_tags))
        self._elements = [_Element("", translated=True, ignored=False)]
        self._names: Counter[str] = Counter()

    @property
    def translated(self) -> bool:
        return self._elements[-1].translated

    @property
    def drawn(self) -> bool:
        """Whether the tags are those of SVG or MathML."""
        return any(self._names[name] for name in _DRAWN)

    def enter(self, name: str, attributes: str) -> None:
        closed = _CLOSED_BY.get(name, frozenset())
        while self._elements[-1].name in closed:
            self._leave_last()
        if name in _VOID or attributes.endswith("/"):
            return
        around = self._elements[-1]
        ignored = around.ignored or name in self._ignore_tags
        said = _said(attributes)
        if said is None:
            said = around.translated and name not in _NO_TEXT
        self._elements.append(_Element(name, said and not ignored, ignored))
        self._names[name] += 1

    def leave(self, name: str) -> None:
        while self._names[name]:
            if self._leave_last() == name:
                break

    def _leave_last(self) -> str:
        name = self._elements.pop().name
        self._names[name] -= 1
        return name


def html_spans(source: str, ignore_tags: Collection[str]) -> Iterator[tuple[int, int]]:
    """Offsets of the texts that are to be translated, words or not, in order."""
    path = _Path(ignore_tags)
    at = 0
    while token := _TOKEN.search(source, at):
        if path.translated:
            yield at, token.start()
        at = token.end()
        name = (token["name"] or "").lower()
        if token["end"]:
            path.leave(name)
        elif name:
            path.enter(name, token["attributes"])
            if name in _RAW and not path.drawn:
                end = _end_of_raw(source, at, name)
                if path.translated and name == "title":
                    yield at, end
                at = end
    if path.translated:
        yield at, len(source)


def _end_of_raw(source: str, start: int, name: str) -> int:
    end = _RAW[name].search(source, start)
    return end.start() if end else len(source)


def _said(attributes: str) -> bool | None:
    """Whether an element's attributes ask for its translation; None if they do not say."""
    if "translate" not in attributes.lower():
        return None
    values: dict[str, str] = {}
    for attribute in _ATTRIBUTES.finditer(attributes):
        values.setdefault(attribute["key"].lower(), (attribute["value"] or "").strip("\"'"))
    answer = {"no": False, "yes": True, "": True}.get(values.get("translate", "inherit").lower())
    if answer is None and "notranslate" in values.get("class", "").split():
        return False
    return answer
