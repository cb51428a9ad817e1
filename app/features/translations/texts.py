"""A request's texts, made ready for the model: in pieces, with marks for their tags, with their terms."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.errors import GroundworkError, MarkupInvalid, TextEmpty, invalid
from app.features.translations.glossaries import terms_in
from app.features.translations.markup import Markup, MarkupError, Sheet
from app.features.translations.pieces import cut, has_words
from app.features.translations.schemas import TranslationRequest
from app.features.translations.translator import Unit
from app.knowledge.vocabulary import Terms
from app.languages import UNKNOWN, UNSPACED, Detection, base, detect_scored

_MOST: Final = 2_000  # characters of a piece; its translation has to fit into max_tokens


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is translated.

    Attributes:
        unit: what the model gets.
        written: makes of a translation what stands in the text; None if it lacks a tag.
        smaller: the same part in smaller ones, without tags; None if it has none.
    """

    unit: Unit
    written: Callable[[str], str | None]
    smaller: Callable[[], list["Part"]] | None = None


Part = str | Piece
"""A part of a text: kept as it is, or translated."""


@dataclass(frozen=True, slots=True)
class Text:
    """One of the request's texts.

    Attributes:
        source: as it came.
        parts: it in parts.
        language: what it is in.
        streams: whether its parts can be told as they come; tags are put in at the end.
        problem: why it cannot be translated.
    """

    source: str
    parts: list[Part]
    language: Detection = Detection(UNKNOWN, 0)  # noqa: RUF009 # frozen
    streams: bool = True
    problem: GroundworkError | None = None


def prepared(
    source: str, pointer: str, request: TranslationRequest, glossary: Mapping[str, Terms]
) -> Text:
    """A text of a request.

    Args:
        source: the text.
        pointer: JSON Pointer to it in the body.
        request: the request.
        glossary: the operator's terms by source language; the request's own have the last word.
    """
    kind, given, into = request.tag_handling, request.source_lang, request.target_lang
    if not source.strip():
        return Text(source, [], problem=invalid(TextEmpty, pointer, "Must not be blank."))
    try:
        markup = Markup(source, kind, request.ignore_tags) if kind else None
    except MarkupError as error:
        return Text(source, [], problem=invalid(MarkupInvalid, pointer, str(error)))
    language = Detection(given, 1) if given else detect_scored(markup.words if markup else source)
    code = language.code
    if code == into or (base(code) == base(into) and "-" not in into):
        return Text(source, [source], language)
    maker = _Maker(request, code, {**glossary.get(base(code), {}), **request.glossary})
    if markup is None:
        return Text(source, maker.plain(source), language)
    parts = maker.marked(source, markup.sheets(_MOST), 0, len(source))
    return Text(source, parts, language, streams=False)


class _Maker:
    """Makes the parts of a request's texts that are in one language."""

    def __init__(self, request: TranslationRequest, language: str, terms: Terms) -> None:
        self._request, self._language, self._terms = request, language, terms
        unspaced = base(language) in UNSPACED and base(request.target_lang) not in UNSPACED
        self._joint = " " if unspaced else ""  # between sentences that had nothing between them

    def plain(self, text: str, written: Callable[[str], str | None] = str) -> list[Part]:
        """The parts of a text without tags."""
        parts: list[Part] = []
        for part in cut(text, language=self._language, most=_MOST):
            if not has_words(part):
                parts.append(written(part) or "")
                continue
            if parts and isinstance(parts[-1], Piece):
                parts.append(self._joint)
            parts.append(Piece(self._unit(part), written))
        return parts

    def marked(self, source: str, sheets: Iterable[Sheet], start: int, end: int) -> list[Part]:
        """The parts of a stretch of a source in which there are some sheets."""
        parts: list[Part] = []
        for sheet in sheets:
            parts.append(source[start : sheet.start])
            start = sheet.end
            if not sheet.marked:
                parts += self.plain(sheet.text, sheet.filled)
                continue
            smaller = partial(self.marked, source, sheet.smaller(), sheet.start, sheet.end)
            parts.append(Piece(self._unit(sheet.text, marked=True), sheet.filled, smaller))
        return [*parts, source[start:end]]

    def _unit(self, text: str, *, marked: bool = False) -> Unit:
        request = self._request
        return Unit(
            text=text,
            target_lang=request.target_lang,
            source_lang=request.source_lang,
            formality=request.formality,
            context=request.context,
            instructions=request.custom_instructions,
            terms=terms_in(text, self._terms) if self._terms else (),
            shaped=request.preserve_formatting,
            marked=marked,
        )
