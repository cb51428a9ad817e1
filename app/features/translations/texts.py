"""A request's texts, made ready for the model: in pieces, with marks for their tags, with their terms."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.errors import GlossaryInvalid, GroundworkError, MarkupInvalid, TextEmpty, invalid
from app.features.spans import emails, placeholders, urls
from app.features.translations.markup import MarkupError, read
from app.features.translations.schemas import TranslationRequest
from app.features.translations.sheets import Sheet, has_words, sheets_of
from app.features.translations.translator import Unit
from app.knowledge.splitting import LONGEST_SENTENCE, spans
from app.knowledge.terms import Places, Terms, words_of
from app.knowledge.vocabulary import Vocabulary
from app.languages import UNKNOWN, UNSPACED, Detection, base, detect_scored

_MOST: Final = 2_000  # characters of a piece; its translation has to fit into max_tokens
_BARE: Final = re.compile(r"\S(?:.*\S)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is translated.

    Attributes:
        unit: what the model gets.
        written: makes of a translation what stands in the text; None if it lacks a tag.
        smaller: the same part in smaller ones, without tags, if it has any.
    """

    unit: Unit
    written: Callable[[str], str | None]
    smaller: Sequence["Part"] = ()


Part = str | Piece
"""A part of a text: kept as it is, or translated."""


@dataclass(frozen=True, slots=True)
class Text:
    """One of the request's texts: as it came, in parts, what it is in, why it is not translated."""

    source: str
    parts: Sequence[Part]
    language: Detection = Detection(UNKNOWN, 0)  # noqa: RUF009 # frozen
    problem: GroundworkError | None = None


def texts_of(request: TranslationRequest, vocabulary: Vocabulary) -> list[Text]:
    """A request's texts; raises ``GlossaryInvalid`` if the glossary that it names is not there."""
    named, own = _glossary_of(request, vocabulary), Terms(request.glossary)

    def glossaries(code: str) -> Collection[Terms]:
        return [terms for terms in (named.get(base(code)), own) if terms]

    return [
        _text(source, f"/text/{at}", request, glossaries) for at, source in enumerate(request.text)
    ]


def _text(
    source: str,
    pointer: str,
    request: TranslationRequest,
    glossaries: Callable[[str], Collection[Terms]],
) -> Text:
    kind, given, into = request.tag_handling, request.source_lang, request.target_lang
    if not source.strip():
        return Text(source, [source], problem=invalid(TextEmpty, pointer, "Must not be blank."))
    try:
        tokens = read(source, kind, request.ignore_tags) if kind else None
    except MarkupError as error:
        return Text(source, [source], problem=invalid(MarkupInvalid, pointer, str(error)))
    said = source if tokens is None else "\n".join(filter(None, (token.said for token in tokens)))
    language = Detection(given, 1) if given else detect_scored(said)
    code = language.code
    if code == into or (base(code) == base(into) and "-" not in into):
        return Text(source, [source], language)
    maker = _Maker(request, code, glossaries(code))
    if tokens is None:
        return Text(source, maker.plain(source), language)
    sheets = sheets_of(source, tokens, _MOST)
    return Text(source, maker.marked(source, sheets, 0, len(source)), language)


class _Maker:
    """Makes the parts of a request's texts that are in one language."""

    def __init__(
        self, request: TranslationRequest, language: str, glossaries: Collection[Terms]
    ) -> None:
        self._language, self._glossaries = language, glossaries
        unspaced = base(language) in UNSPACED and base(request.target_lang) not in UNSPACED
        self._joint = " " if unspaced else ""  # between sentences that had nothing between them
        self._unit = partial(
            Unit,
            target_lang=request.target_lang,
            source_lang=request.source_lang,
            formality=request.formality,
            context=request.context,
            instructions=request.custom_instructions,
            shaped=request.preserve_formatting,
        )

    def plain(self, text: str, written: Callable[[str], str | None] = str) -> list[Part]:
        parts: list[Part] = []
        for part in cut(text, language=self._language, most=_MOST):
            if not has_words(part):
                parts.append(written(part) or "")
                continue
            if parts and isinstance(parts[-1], Piece):
                parts.append(self._joint)
            unit = self._unit(text=part, terms=terms_in(part, self._glossaries))
            parts.append(Piece(unit, written))
        return parts

    def marked(self, source: str, sheets: Iterable[Sheet], start: int, end: int) -> list[Part]:
        """The parts of a stretch of a source in which there are some sheets."""
        parts: list[Part] = []
        for sheet in sheets:
            parts.append(source[start : sheet.start])
            start, text = sheet.end, sheet.text
            if sheet.marked:
                terms = terms_in(text, self._glossaries)
                unit = self._unit(text=text, terms=terms, marked=True)
                smaller = self.marked(source, sheet.smaller(), sheet.start, sheet.end)
                parts.append(Piece(unit, sheet.filled, smaller))
            else:
                parts += self.plain(text, sheet.filled)
        return [*parts, source[start:end]]


def cut(text: str, *, language: str, most: int) -> list[str]:
    """A text in pieces of as many sentences as there is room for, and the white space around them.

    Args:
        text: any text.
        language: its code, as far as it is known; sentences do not end alike in all of them.
        most: characters of a piece; more than a list's mark takes.
    """
    found = [whole.span() for whole in _BARE.finditer(text)]
    if found and found[0][1] - found[0][0] > most:
        found = spans(text, 0, len(text), language, min(most, LONGEST_SENTENCE))
    packs: list[tuple[int, int]] = []
    for start, end in found:
        if packs and end - packs[-1][0] <= most:
            start, _ = packs.pop()
        packs.append((start, end))
    parts, at = list[str](), 0
    for start, end in packs:
        parts += [text[at:start], text[start:end]]
        at = end
    return [part for part in (*parts, text[at:]) if part]


def _glossary_of(request: TranslationRequest, vocabulary: Vocabulary) -> Mapping[str, Terms]:
    """The operator's glossary that a request names, by source language."""
    name, target = request.glossary_id, base(request.target_lang)
    if name is None:
        return {}
    pairs = vocabulary.glossaries.get(name, {})
    named = {source: terms for (source, into), terms in pairs.items() if into == target}
    if not named:
        known = ", ".join(vocabulary.glossaries) or "none here"
        detail = f"There is no such glossary into {target}; there is {known}."
        raise invalid(GlossaryInvalid, "/glossary_id", detail)
    return named


def terms_in(text: str, glossaries: Collection[Terms]) -> tuple[tuple[str, str], ...]:
    """The terms that stand in a text as whole words in any case, and what each has to become.

    Of terms in one another, the longest counts, and of the same one that of the last glossary.
    Addresses and placeholders hold no terms.
    """
    if not glossaries:
        return ()
    for fixed in {*urls(text), *emails(text), *placeholders(text)}:
        text = text.replace(fixed, " ")
    words, found = words_of(text), Places()
    for terms in glossaries:
        found |= terms.places(words)
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (-place[1], place[0])):
        if not kept or start < kept[-1][0]:
            kept.append((start, end))
    return tuple(dict.fromkeys(found[place] for place in reversed(kept)))
