"""Hides from a weak model what it would garble behind masks such as ``[1]``, and puts it back."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import regex

from app.features.translations.fidelity.nesting import VOID, name_of
from app.features.translations.fidelity.spans import Span, find_spans, find_terms

# A mask has to end with a character that cannot go on: a stream must tell "[1]" from "[12]".
# Models write it in their language's way: "［1］", "【1】", "(1)", "[ 1 ]", "[١]".
_MASK: Final = "[{}]"
_AS_WRITTEN: Final = regex.compile(r"[\[［【]\s?(\d{1,7})\s?[\]］】]|[(（]\s?(\d{1,7})\s?[)）]")
_LONGEST: Final = 11  # characters of a mask as written

_CUT_OFF: Final = frozenset({"emoji", "url", "email", "tag"})


def mask(number: int) -> str:
    """What stands in the text that goes to the model."""
    return _MASK.format(number)


@dataclass(frozen=True, slots=True)
class Protected:
    """A text that is ready for a weak model.

    Attributes:
        text: with masks, without white space around it; empty when nothing is left to translate.
        before, after: what was cut off at the ends, white space included.
        masked: what each mask stands for, by its number.
    """

    text: str
    before: str
    after: str
    masked: Mapping[int, str]

    @property
    def has_masks(self) -> bool:
        """Whether the model gets to see a mask."""
        return bool(self.masked)

    def restore(self, translation: str) -> str:
        """The translation, stripped, with what was masked and what was cut off.

        Each mask counts once: a repeated one is dropped, one that is not there stays away. "(1)"
        is the mask of 1 as well: a number that the text has in brackets is no mask's.
        """
        restorer = StreamRestorer(self)
        return restorer.feed(translation) + restorer.flush()


class StreamRestorer:
    """Restores a translation that comes in pieces.

    It holds back only what may be the beginning of a mask, or white space at the end. All that
    ``feed`` and ``flush`` return is, joined, what ``Protected.restore`` makes of the whole.
    """

    def __init__(self, protected: Protected) -> None:
        self._protected = protected
        self._left = dict(protected.masked)
        self._held = ""
        self._begun = False

    def feed(self, delta: str) -> str:
        """What can be told after one more piece."""
        text = self._held + delta
        if not self._begun:
            text = text.lstrip()
        safe = self._safe(text)
        self._held = text[safe:]
        return self._begin() + _AS_WRITTEN.sub(self._unmasked, text[:safe]) if text else ""

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        rest, self._held = self._held.rstrip(), ""
        return self._begin() + rest + self._protected.after

    def _begin(self) -> str:
        begun, self._begun = self._begun, True
        return "" if begun else self._protected.before

    def _safe(self, text: str) -> int:
        """How much of the text is no beginning of a mask."""
        found = _AS_WRITTEN.finditer(text, max(0, len(text) - _LONGEST), partial=True)
        open_mask = next((match.start() for match in found if match.partial), len(text))
        return min(open_mask, len(text.rstrip()))

    def _unmasked(self, match: "regex.Match[str]") -> str:
        number = int(match[1] or match[2])
        if number in self._protected.masked:
            return self._left.pop(number, "")
        made_up = self._protected.masked and match[1] and match[0] not in self._protected.text
        return "" if made_up else match[0]


def protect(text: str, *, glossary: Mapping[str, str] | None = None) -> Protected:
    """Put masks for placeholders, tags, addresses, emoji, and the terms of a glossary.

    What stands side by side gets one mask. Emoji, addresses and tags at either end are not sent
    at all: there the model has nothing to decide. Placeholders and terms are, for they may be
    the subject of the sentence. Numbers are not masked: their form differs by language.

    Args:
        text: what is to be translated.
        glossary: terms and what each becomes; the mask of a term is restored as that.
    """
    glossary = glossary or {}
    kept = [span for span in find_spans(text) if span.kind not in ("time", "number")]
    start, end = _core(text, kept)
    inner = [span for span in kept if start <= span.start and span.end <= end]
    inner = sorted([*inner, *find_terms(text, glossary, kept)], key=lambda span: span.start)
    targets = {source.casefold(): target for source, target in glossary.items()}
    masked: dict[int, str] = {}
    parts: list[str] = []
    place = start
    for number, group in zip(_free_numbers(text), _neighbours(inner), strict=False):
        masked[number] = "".join(_restored(span, targets) for span in group)
        parts += [text[place : group[0].start], mask(number)]
        place = group[-1].end
    return Protected("".join([*parts, text[place:end]]), text[:start], text[end:], masked)


def _restored(span: Span, targets: Mapping[str, str]) -> str:
    return targets[span.text.casefold()] if span.kind == "term" else span.text


def _free_numbers(text: str) -> Iterator[int]:
    """Those that do not stand in the text as a mask would."""
    taken = {int(match[1] or match[2]) for match in _AS_WRITTEN.finditer(text)}
    return (number for number in count(1) if number not in taken)


def _neighbours(spans: Iterable[Span]) -> Iterator[list[Span]]:
    group: list[Span] = []
    for span in spans:
        if group and group[-1].end < span.start:
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def _core(text: str, spans: Sequence[Span]) -> tuple[int, int]:
    """Where the part of a text begins and ends that the model has to see."""
    start, end = _inner(text, spans, _CUT_OFF)
    cut = [span for span in spans if span.kind == "tag" and not start <= span.start < end]
    return (start, end) if _balanced(cut) else _inner(text, spans, _CUT_OFF - {"tag"})


def _inner(text: str, spans: Sequence[Span], kinds: Collection[str]) -> tuple[int, int]:
    start, end = _after_space(text, 0), len(text.rstrip())
    for span in spans:
        if span.start != start or span.kind not in kinds:
            break
        start = _after_space(text, span.end)
    for span in reversed(spans):
        if span.end != end or span.start < start or span.kind not in kinds:
            break
        end = _before_space(text, span.start)
    return start, max(start, end)


def _after_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _before_space(text: str, place: int) -> int:
    while place and text[place - 1].isspace():
        place -= 1
    return place


def _balanced(tags: Iterable[Span]) -> bool:
    """Whether each opening tag has its closing one; a pair must not be torn apart."""
    depths: Counter[str] = Counter()
    for tag in tags:
        name = name_of(tag.text)
        if name and name not in VOID and not tag.text.endswith("/>"):
            depths[name] += -1 if tag.text.startswith("</") else 1
    return not any(depths.values())
