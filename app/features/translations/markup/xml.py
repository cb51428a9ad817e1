"""Whether XML is well-formed, by expat; it opens nothing, and no entity can be declared."""

import re
from typing import Any, Final
from xml.parsers import expat

_DOCUMENT: Final = re.compile(  # XML 1.0, 2.8
    r"\ufeff?+(?:<\?xml\s|(?:\s++|<!--(?>.*?-->)|<\?(?>.*?\?>))*+<!DOCTYPE)", re.DOTALL
)
_ROOT: Final = "fragment"  # what a fragment is wrapped in to be read


class MarkupError(ValueError):
    """XML is not well-formed: where it is not, and what would be right."""


def check(source: str) -> None:
    """Read a document or a fragment, whose prefixes may be declared elsewhere.

    Raises:
        MarkupError: it is not well-formed, or has a document type of its own.
    """
    wrapped = not _DOCUMENT.match(source)
    parser: Any = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_declarations
    parser.SkippedEntityHandler = _refuse_entity
    try:
        parser.Parse((f"<{_ROOT}>{source}</{_ROOT}>" if wrapped else source).encode(), True)
    except UnicodeEncodeError:
        raise MarkupError("Leave the lone surrogate out.") from None
    except expat.ExpatError as error:
        column = error.offset - (len(f"<{_ROOT}>") if wrapped and error.lineno == 1 else 0)
        place = f"Line {error.lineno}, column {max(column, 0) + 1}"
        hint = "Write & as &amp; and < as &lt;, and close what was opened last first."
        raise MarkupError(f"{place}: {expat.ErrorString(error.code)}. {hint}") from None


def _refuse_declarations(_name: str, _system: object, _public: object, internal: int) -> None:
    if internal:
        raise MarkupError("A document type of one's own is not taken. Leave out what is in [ ].")


def _refuse_entity(name: str, _is_parameter: object) -> None:
    raise MarkupError(f"&{name}; is not known. Write the character or its number, as in &#160;.")
