"""Markup as texts for a model, and the same markup with their translations.

A text has numbered marks in the places of its tags, ``<1>`` to ``</1>`` around words, ``<2/>`` by
itself; a translation with the same tree of marks gets the tags again. What is no text comes back byte
for byte: the source is copied, not written anew, so broken HTML stays as it is. A parser's tree would
not do: it would be written with other quotes and tags, and some take minutes over 1 MB of ``<div>``.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate
from typing import Final

from app.features.proofs import Check
from app.features.translations.markup import Token

_MARK: Final = re.compile(r"<\s?(/?)\s?(\d{1,6})\s?(/?)\s?>")
_ROOM: Final = 4  # characters that a mark takes, about


def _plain(found: "re.Match[str]") -> str:
    """A mark as we write it."""
    return f"<{found[1]}{int(found[2])}{found[3]}>"


def has_words(text: str) -> bool:
    """Whether there is a letter of any script in a text, so that it can be translated."""
    return any(map(str.isalpha, text))


def without_marks(text: str) -> str:
    """The text without its marks."""
    return _MARK.sub("", text)


def compared(text: str, translation: str) -> Check:
    """Whether each mark is there once, in the same one as before.

    Pairs may change places with what is beside them, as words do; what stands by itself keeps its
    order. Where a text says nothing but what is in marks, its translation may not either.
    """
    (before, worded, alone), (after, told, now) = _shape(text), _shape(translation)
    missing = tuple((before - after).elements())
    added = [f"words in {mark}" if mark else "words outside the tags" for mark in told - worded]
    if not missing and alone != now:
        added.append("another order of the tags")
    unexpected = (*(after - before).elements(), *added)
    return Check("markup", not (missing or unexpected), missing, unexpected)


def _shape(text: str) -> tuple[Counter[str], set[str], list[str]]:
    """Each mark with the one that it is in; those in which words stand; those by themselves."""
    places, worded, alone, path = Counter[str](), set[str](), list[str](), [""]
    begun, at = "", 0
    for found in _MARK.finditer(text):
        mark, said = _plain(found), text[at : found.start()]
        at = found.end()
        if has_words(said):
            worded.add(path[-1])
        if not found[1]:
            places[f"{mark} in {path[-1]}" if path[-1] else mark] += 1
            (alone if found[3] else path).append(mark)
            begun = mark
        elif mark != path[-1].replace("<", "</"):
            places[mark] += 1
        else:
            if begun == path.pop() and not said.strip():
                places[f"nothing in {begun}"] += 1
            begun = ""
    if has_words(text[at:]):
        worded.add(path[-1])
    places.update(f"{mark} without its end" for mark in path[1:])
    return places, worded, alone


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
        for mark in [*_MARK.finditer(translation), None]:
            after = self._tags[_plain(mark)] if mark else ""
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
    sizes = [0, *accumulate(len(token.said) or _ROOM for token in tokens)]
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
            taken = sheet.marked and any(_MARK.search(token.said) for token in tokens[start:end])
            yield from sheet.smaller() if taken else [sheet]
