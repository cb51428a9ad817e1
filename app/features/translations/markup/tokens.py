"""Markup as texts and tags in order, each with its place in the source."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

_SPACES: Final = re.compile("[ \t\n\f\r]+")
_NAMED: Final = re.compile("&nbsp;|&#160;|&#x[aA]0;")


@dataclass(slots=True)
class Token:
    """A part of a source that is not white space.

    Attributes:
        kind: a text to be translated; the two tags of a pair; or something by itself that is left
            alone, as an image, a comment, code, or a tag without a partner.
        start, end: its place.
        said: a text as a reader sees it, its references to characters resolved.
        partner: of the tag that opens a pair, the index of the other.
    """

    kind: Literal["text", "open", "close", "alone"]
    start: int
    end: int
    said: str = ""
    partner: int = -1


class Tokens:
    """Collects the tokens of a source's parts, which come in order."""

    def __init__(self, source: str, ignore_tags: Collection[str]) -> None:
        self.found: list[Token] = []
        self._source, self._ignore_tags = source, ignore_tags
        self._elements = [("", 0)]  # open, with their tags' indices; -1 in what is not translated
        self._names: Counter[str] = Counter()
        self._last_text = -1

    def text(self, start: int, end: int, said: str, *, flows: bool) -> None:
        """What is said; where it flows, as in HTML, white space is of no account."""
        if self._elements[-1][1] < 0:
            self.alone(start, end)
        elif said.strip():
            raw = _NAMED.sub(lambda space: " " * len(space[0]), self._source[start:end])
            end = start + len(raw.rstrip())
            start += len(raw) - len(raw.lstrip())
            said = (_SPACES.sub(" ", said) if flows and not self._names["pre"] else said).strip()
            self._last_text = len(self.found)
            self.found.append(Token("text", start, end, said))

    def enter(self, name: str, start: int, end: int, *, ignored: bool = False) -> None:
        """A tag that opens an element, which is ignored as a whole or not."""
        ignored |= name in self._ignore_tags or self._elements[-1][1] < 0
        if ignored:
            self.alone(start, end)
        else:
            self.found.append(Token("open", start, end))
        self._elements.append((name, -1 if ignored else len(self.found) - 1))
        self._names[name] += 1

    def leave(self, name: str, start: int, end: int) -> None:
        """A tag that ends an element, and what has no end within it; or nothing."""
        token = -1
        if self._names[name]:
            while self._elements[-1][0] != name:
                self._leave_alone()
            token = self._elements.pop()[1]
            self._names[name] -= 1
        if token < 0:
            self.alone(start, end)
        elif self._last_text > token:
            self.found[token].partner = len(self.found)
            self.found.append(Token("close", start, end))
        else:  # without a text in it, a pair is left alone as a whole
            start = self.found[token].start
            del self.found[token:]
            self.alone(start, end)

    def alone(self, start: int, end: int) -> None:
        """What is kept as it is."""
        if self.found and self.found[-1].kind == "alone":
            self.found[-1].end = end
        else:
            self.found.append(Token("alone", start, end))

    def end(self) -> list[Token]:
        """The tokens, after the last part."""
        while len(self._elements) > 1:
            self._leave_alone()
        return self.found

    def _leave_alone(self) -> None:
        """An element has no end tag."""
        name, token = self._elements.pop()
        self._names[name] -= 1
        if token >= 0:
            self.found[token].kind = "alone"
