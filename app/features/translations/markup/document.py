"""The texts between the tags of HTML and XML, and the same markup with other texts.

What is no text comes back byte for byte: the source is not parsed into a tree and written again,
it is copied. So HTML that is broken stays as it is, and a browser repairs it as it would have
repaired the source; the tests hold the trees of the two against each other. A tree would not do:
lexbor, which repairs as browsers do, takes minutes over 1 MB of ``<div>`` and 3 GB for 55 KB of
``<p><b id=1>``; libxml2 rewrites addresses and drops what follows ``</body>``.
"""

import html
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from app.features.translations.markup.html_spans import html_spans
from app.features.translations.markup.xml_spans import MarkupError, xml_spans
from app.features.translations.pieces import has_words

__all__ = ["Kind", "Markup", "MarkupError"]

Kind = Literal["html", "xml"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a text stands in a source.

    Attributes:
        start, end: offsets of it, without the white space at its ends.
        text: what it says, its references to characters resolved.
        cdata: whether it is in a CDATA section, where nothing is escaped.
    """

    start: int
    end: int
    text: str
    cdata: bool


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML or XML, a document or a fragment, and where in it there is text with words."""

    source: str
    slots: tuple[Slot, ...]

    @classmethod
    def read(cls, text: str, kind: Kind, *, ignore_tags: Collection[str] = ()) -> "Markup":
        """Find the texts of a source.

        In HTML, scripts, styles, drawings, formulas, code and the values of forms are none, and
        ``translate="no"``, ``translate="yes"`` and the class ``notranslate`` are heeded.

        Args:
            text: the source.
            kind: its language.
            ignore_tags: names of elements in which nothing is text; in XML, exactly as written.

        Raises:
            MarkupError: XML is not well-formed, more than 256 elements deep, or declares
                entities.
        """
        spans = html_spans if kind == "html" else xml_spans
        found = (span for span in spans(text, ignore_tags) if span[0] < span[1])
        slots = (_slot(text, *span) for span in found)
        return cls(text, tuple(slot for slot in slots if has_words(slot.text)))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that have words, in order; their lines end with a line feed."""
        return tuple(slot.text for slot in self.slots)

    def fill(self, translations: Sequence[str]) -> str:
        """The same markup with other texts; what markup must not contain is dropped from them.

        Args:
            translations: one for each text, in order.

        Raises:
            ValueError: there are more or fewer translations than texts.
        """
        newline = "\r\n" if "\r\n" in self.source else "\n"
        parts: list[str] = []
        at = 0
        for slot, translation in zip(self.slots, translations, strict=True):
            parts.append(self.source[at : slot.start])
            if translation == slot.text:
                parts.append(self.source[slot.start : slot.end])
            else:
                written = _cdata(translation) if slot.cdata else _escaped(translation)
                parts.append(written.replace("\n", newline))
            at = slot.end
        return "".join((*parts, self.source[at:]))


_NO_CHARACTER: Final = re.compile(  # of XML 1.0, 2.2
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_NO_BREAK_SPACES: Final = ("&nbsp;", "&#160;", "&#xa0;", "&#xA0;")


def _slot(source: str, start: int, end: int) -> Slot:
    cdata = source.endswith("<![CDATA[", 0, start)  # in HTML, such a thing is never left open
    start, end = _trimmed(source, start, end)
    text = _with_newlines(source[start:end])
    return Slot(start, end, text if cdata else html.unescape(text), cdata)


def _trimmed(source: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends, of which no-break spaces have names."""
    while start < end:
        if source[start].isspace():
            start += 1
        elif source.startswith(_NO_BREAK_SPACES, start, end):
            start = source.index(";", start) + 1
        else:
            break
    while start < end:
        if source[end - 1].isspace():
            end -= 1
        elif source.endswith(_NO_BREAK_SPACES, start, end):
            end = source.rindex("&", start, end)
        else:
            break
    return start, end


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("", _with_newlines(text))


def _escaped(text: str) -> str:
    return html.escape(_clean(text), quote=False)


def _cdata(text: str) -> str:
    """A text inside a CDATA section; what would end the section is put into two of them."""
    return _clean(text).replace("]]>", "]]]]><![CDATA[>")
