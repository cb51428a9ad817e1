"""Markup as texts for a model, and the same markup with their translations.

A text has numbered marks in the places of its tags; a translation with the same tree of marks gets the
tags again. What is no text comes back byte for byte: the source is copied, not written anew, so broken
HTML stays as it is. A parser's tree would not do: it would be written with other quotes and tags, and
some take minutes over 1 MB of ``<div>``.
"""

import html
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import Final

from app.features.translations.markup.marks import MARK, compared, written
from app.features.translations.markup.tokens import Kind, Token, as_lines, tokens_of
from app.features.translations.markup.xml import check
from app.features.translations.pieces import has_words

_MARK: Final = 4  # characters that a mark takes, about
_NO_CHARACTER: Final = re.compile(  # of XML 1.0, 2.2
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class Markup:
    """HTML or XML, a document or a fragment.

    In HTML, scripts, styles, drawings, formulas, code and the values of forms are no text, and
    ``translate="no"``, ``translate="yes"`` and the class ``notranslate`` are heeded.
    """

    def __init__(self, source: str, kind: Kind, ignore_tags: Collection[str] = ()) -> None:
        """Read a source; in the elements with some tags, nothing is text.

        Raises:
            MarkupError: XML is not well-formed, or has a document type of its own.
        """
        if kind == "xml":
            check(source)
        self._source, self._tokens = source, tokens_of(source, kind, ignore_tags)

    @property
    def words(self) -> str:
        """All that is said in it, each text on a line."""
        return "\n".join(token.said for token in self._tokens if token.kind == "text")

    def sheets(self, most: int) -> Iterator["Sheet"]:
        """What is to be translated, in sheets of some characters; a text alone may be longer."""
        for start, end in _stretches(self._tokens, most):
            tokens = self._tokens[start:end]
            sheet = Sheet(self._source, tokens)
            taken = sheet.marked and any(MARK.search(token.said) for token in tokens)
            yield from sheet.smaller() if taken else [sheet]


class Sheet:
    """A stretch of markup that is translated as one text.

    Attributes:
        text: what the model reads.
        start, end: the stretch's place in the source.
        marked: whether there are marks in the text.
    """

    def __init__(self, source: str, tokens: Sequence[Token]) -> None:
        """Number the tags of a stretch that begins with the first token and ends with the last."""
        self._source, self._tokens = source, tokens
        self.start, self.end = tokens[0].start, tokens[-1].end
        self.marked = len(tokens) > 1
        self._tags: dict[str, str] = {}  # by their marks, with the white space around them
        shown: list[str] = []
        path: list[int] = []
        number = 0
        around = [None, *tokens, None]
        for last, token, after in zip(around, tokens, around[2:], strict=False):
            start = last.end if last else token.start
            mark = token.said
            if token.kind == "close":
                mark = f"</{path.pop()}>"
            elif token.kind != "text":
                number += 1
                mark = f"<{number}>" if token.kind == "open" else f"<{number}/>"
                path += [number] if token.kind == "open" else []
            if token.kind != "text":
                end = after.start if after and after.kind == "text" else token.end
                self._tags[mark] = source[start:end]
            shown += [" " if start < token.start else "", mark]
        self.text = "".join(shown)

    def smaller(self) -> list["Sheet"]:
        """The texts in it that have words, each by itself."""
        texts = (token for token in self._tokens if token.kind == "text" and has_words(token.said))
        return [Sheet(self._source, [text]) for text in texts]

    def filled(self, translation: str) -> str | None:
        """The source with other texts; None if the translation's marks are not the same tree."""
        if translation == self.text:
            return self._source[self.start : self.end]
        if not self.marked:
            return self._escaped(translation, cdata=self._tokens[0].cdata)
        if not compared(self.text, translation).kept:
            return None
        found = list(MARK.finditer(translation))
        moved = [written(mark) for mark in found] != list(self._tags)
        parts: list[str] = []
        tag, at = "", 0
        for mark in [*found, None]:
            said = translation[at : mark.start() if mark else None]
            after = self._tags[written(mark)] if mark else ""
            ahead = " " if said[:1].isspace() and tag.endswith(">") else ""
            behind = " " if said[-1:].isspace() and after.startswith("<") else ""
            if bare := said.strip():
                cdata = tag.rstrip().endswith("<![CDATA[")
                parts += [ahead, self._escaped(bare, cdata=cdata), behind]
            elif moved and ahead and behind:
                parts.append(" ")
            parts.append(after)
            tag, at = after, mark.end() if mark else 0
        return "".join(parts).strip()

    def _escaped(self, text: str, *, cdata: bool) -> str:
        """A text as it stands in the source; what markup must not contain is dropped."""
        text = _NO_CHARACTER.sub("", as_lines(text))
        text = text.replace("]]>", "]]]]><![CDATA[>") if cdata else html.escape(text, quote=False)
        return text.replace("\n", "\r\n") if "\r\n" in self._source else text


def _stretches(tokens: Sequence[Token], most: int) -> Iterator[tuple[int, int]]:
    """Where in the tokens the sheets are: trees with words, without what is only around them."""
    sizes = [0, *accumulate(len(token.said) or _MARK for token in tokens)]
    words = [0, *accumulate(has_words(token.said) for token in tokens)]
    left = [(0, len(tokens))]
    while left:
        start, end = left.pop()
        while start < end and tokens[start].kind == "alone":
            start += 1
        while start < end and tokens[end - 1].kind == "alone":
            end -= 1
        if words[start] == words[end]:
            continue
        if tokens[start].partner == end - 1:
            left.append((start + 1, end - 1))
        elif end - start == 1 or sizes[end] - sizes[start] <= most:
            yield start, end
        else:
            left += _packs(tokens, start, end, sizes, most)[::-1]


def _packs(
    tokens: Sequence[Token], start: int, end: int, sizes: Sequence[int], most: int
) -> list[tuple[int, int]]:
    """Neighbours put together as long as there is room; a tree that is too long stays by itself."""
    packs: list[tuple[int, int]] = []
    at = start
    while at < end:
        after = max(tokens[at].partner, at) + 1
        if at > start and sizes[after] - sizes[start] > most:
            packs.append((start, at))
            start = at
        at = after
    return [*packs, (start, end)]
