"""Markup as texts for a model, and the same markup with their translations.

A text has numbered marks in the places of its tags; a translation with the same tree of marks gets the
tags again. What is no text comes back byte for byte: the source is copied, not written anew, so broken
HTML stays as it is. A parser's tree would not do: it would be written with other quotes and tags, and
some take minutes over 1 MB of ``<div>``.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate
from typing import Final

from app.features.translations.markup.marks import MARK, compared, plain
from app.features.translations.markup.tokens import Token
from app.features.translations.pieces import has_words

_MARK: Final = 4  # characters that a mark takes, about


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
        number, at, mark = 0, self.start, ""
        for token in tokens:
            space = source[at : token.start]
            at = token.end
            if token.kind == "text":
                self._tags[mark] = self._tags.get(mark, "") + space
                shown += [" " * bool(space), token.said]
                continue
            if token.kind == "close":
                mark = f"</{path.pop()}>"
            else:
                number += 1
                mark = f"<{number}/>" if token.kind == "alone" else f"<{number}>"
                path += [number] * (token.kind == "open")
            self._tags[mark] = space + source[token.start : token.end]
            shown += [" " * bool(space), mark]
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
            return escape(translation, quote=False)
        if not compared(self.text, translation).kept:
            return None
        parts: list[str] = []
        tag, at = "", 0
        for mark in [*MARK.finditer(translation), None]:
            after = self._tags[plain(mark)] if mark else ""
            said = translation[at : mark.start() if mark else None]
            parts += [_spaced(said, tag, after), after]
            tag, at = after, mark.end() if mark else 0
        return "".join(parts).strip()


def _spaced(said: str, before: str, after: str) -> str:
    """What is said between two tags, with white space beside it unless they bring it along."""
    text = escape(said.strip(), quote=False)
    left = " " * (said[:1].isspace() and not before[-1:].isspace())
    right = " " * (said[-1:].isspace() and not after[:1].isspace())
    return f"{left}{text}{right}" if text else left and right


def sheets_of(source: str, tokens: Sequence[Token], most: int) -> Iterator[Sheet]:
    """What is to be translated: trees with words, without what is only around them.

    Neighbours are put together as long as there is room; a tree that is too long is entered. A text
    alone may be longer.
    """
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
        cut = start
        while cut < end:
            after = max(tokens[cut].partner, cut) + 1
            if cut > start and sizes[after] - sizes[start] > most:
                break
            cut = after
        if cut < end:
            left += [(cut, end), (start, cut)]
        elif tokens[start].partner == end - 1:
            left.append((start + 1, end - 1))
        else:
            sheet = Sheet(source, tokens[start:end])
            taken = sheet.marked and any(MARK.search(token.said) for token in tokens[start:end])
            yield from sheet.smaller() if taken else [sheet]
