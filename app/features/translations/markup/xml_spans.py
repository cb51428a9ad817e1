"""Where in XML the texts stand, once libxml2 has found it well-formed."""

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, Protocol, cast

from lxml import etree


class MarkupError(ValueError):
    """XML is not well-formed: where it is not, and what would be right."""


class _Flaw(Protocol):
    """What lxml logs; its stubs leave the types out."""

    line: int
    column: int
    message: str
    level_name: str
    type_name: str


_TOKEN: Final = re.compile(  # of well-formed XML only
    r"""<!--.*?--> | <\?.*?\?> | <!\[CDATA\[(?P<cdata>.*?)\]\]>
    | <(?P<end>/?)(?P<name>[^\s/>]++) (?:[^>"']++|"[^"]*+"|'[^']*+')*+ >""",
    re.DOTALL | re.VERBOSE,
)
_DOCTYPE: Final = re.compile(  # and what may stand before it: XML 1.0, 2.8
    r"""\ufeff?+ (?:\s++|<!--(?>.*?-->)|<\?(?>.*?\?>))*+
    <!DOCTYPE (?:[^>"'\[]++|"[^"]*+"|'[^']*+')*+ (?P<subset>\[)?""",
    re.DOTALL | re.VERBOSE,
)
_DECLARED: Final = re.compile(r"\ufeff?<\?xml\s")
_ROOT: Final = "fragment"  # what a fragment is wrapped in to be read

_MISMATCH: Final = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and (\S+)")
_UNDEFINED_ENTITIES: Final = frozenset({"ERR_UNDECLARED_ENTITY", "WAR_UNDECLARED_ENTITY"})
_REMEDIES: Final = {
    "ERR_ATTRIBUTE_NOT_STARTED": "Put the attribute's value between quotes.",
    "ERR_ATTRIBUTE_WITHOUT_VALUE": "Give the attribute a value between quotes.",
    "ERR_ENTITYREF_SEMICOL_MISSING": "Write & as &amp;.",
    "ERR_INVALID_CHAR": "Leave the control character out.",
    "ERR_INVALID_ENCODING": "Leave the lone surrogate out.",
    "ERR_LT_IN_ATTRIBUTE": "Write < as &lt;.",
    "ERR_MISPLACED_CDATA_END": "Write > as &gt;.",
    "ERR_NAME_REQUIRED": "Write & as &amp; and < as &lt;.",
    "ERR_RESOURCE_LIMIT": "Nest the elements less deeply.",
    "ERR_TAG_NOT_FINISHED": "Close each element that is opened.",
} | dict.fromkeys(_UNDEFINED_ENTITIES, "Write the character itself or its number, as in &#160;.")


def xml_spans(source: str, ignore_tags: Collection[str]) -> Iterator[tuple[int, int]]:
    """Offsets of the text and the CDATA sections outside the elements with certain names.

    Raises:
        MarkupError: it is not well-formed, too deep, or has a document type of its own.
    """
    _check(source)
    at = depth = 0  # depth: of the elements inside an ignored one, itself with them
    for token in _TOKEN.finditer(source):
        if not depth:
            yield at, token.start()
            if token["cdata"]:
                yield token.span("cdata")
        at = token.end()
        name = token["name"]
        if name and (depth or name in ignore_tags) and not token[0].endswith("/>"):
            depth += -1 if token["end"] else 1
    yield at, len(source)


def _check(source: str) -> None:
    """Let libxml2 read it, which opens nothing and resolves no entity here.

    Prefixes that nobody declared are let pass: a fragment's may be declared around it.

    Raises:
        MarkupError: there is a flaw in it.
    """
    doctype = _DOCTYPE.match(source)
    if doctype and doctype["subset"]:
        line = source.count("\n", 0, doctype.end()) + 1
        msg = f"Line {line}: a document type of one's own is not taken. Leave out what is in [ ]."
        raise MarkupError(msg)
    wrapped = not doctype and not _DECLARED.match(source)
    readable = f"<{_ROOT}>{source}</{_ROOT}>" if wrapped else source
    for flaw in _flaws(readable.encode(errors="surrogatepass")):
        if flaw.level_name == "FATAL" or flaw.type_name in _UNDEFINED_ENTITIES:
            shift = len(f"<{_ROOT}>") if wrapped and flaw.line == 1 else 0
            longest = len(source.split("\n", flaw.line)[flaw.line - 1]) + 1
            column = min(max(flaw.column - shift, 1), longest)
            raise MarkupError(f"Line {flaw.line}, column {column}: {_explained(flaw)}")


def _flaws(source: bytes) -> list[_Flaw]:
    """What libxml2 finds: the first hundred flaws, and a fatal one whenever it comes."""
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        return _logged(error)
    return _logged(parser)


def _logged(by: Any) -> list[_Flaw]:
    return cast("list[_Flaw]", list(by.error_log))


def _explained(flaw: _Flaw) -> str:
    mismatch = _MISMATCH.match(flaw.message)
    if not mismatch:
        return f"{flaw.message.strip()}. {_REMEDIES.get(flaw.type_name, '')}".strip()
    opened, line, closed = mismatch.groups()
    if opened == _ROOT:
        return f"</{closed}> closes nothing. Open <{closed}> or leave </{closed}> out."
    if closed == _ROOT:
        return f"<{opened}> of line {line} is never closed. Add </{opened}>."
    return f"</{closed}> comes while <{opened}> of line {line} is open. Put </{opened}> before it."
