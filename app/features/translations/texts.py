"""A request's texts, made ready for the model: in pieces, with marks for their tags, with their terms."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
        language: what it is in.
        parts: it in parts.
        streams: whether its parts can be told as they come; tags are put in at the end.
    """

    source: str
    language: Detection
    parts: list[Part]
    streams: bool


def prepared(
    request: TranslationRequest, glossary: Mapping[str, Terms], *, blank_stays: bool
) -> list[Text | GroundworkError]:
    """The request's texts, or what is wrong with each.

    Args:
        request: the request.
        glossary: the operator's terms by source language; the request's own have the last word.
        blank_stays: whether a blank text stays as it is; else that is wrong with it.
    """
    return [
        Text(source, Detection(UNKNOWN, 0), [source], streams=True)
        if blank_stays and not source.strip()
        else _prepared(index, source, request, glossary)
        for index, source in enumerate(request.text)
    ]


def _prepared(
    index: int, source: str, request: TranslationRequest, glossary: Mapping[str, Terms]
) -> Text | GroundworkError:
    kind = request.tag_handling
    if not source.strip():
        return invalid(TextEmpty, f"/text/{index}", "Must not be blank.")
    try:
        markup = Markup(source, kind, request.ignore_tags) if kind else None
    except MarkupError as error:
        return invalid(MarkupInvalid, f"/text/{index}", str(error))
    given = request.source_lang
    language = Detection(given, 1) if given else detect_scored(markup.words if markup else source)
    into, code = request.target_lang, language.code
    if code == into or (base(code) == base(into) and "-" not in into):
        return Text(source, language, [source], streams=True)
    maker = _Maker(request, code, {**glossary.get(base(code), {}), **request.glossary})
    if markup is None:
        return Text(source, language, maker.plain(source), streams=True)
    parts = maker.marked(source, markup.sheets(_MOST), 0, len(source))
    return Text(source, language, parts, streams=False)


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
            parts += (
                self._of(source, sheet) if sheet.marked else self.plain(sheet.text, sheet.filled)
            )
            start = sheet.end
        return [*parts, source[start:end]]

    def _of(self, source: str, sheet: Sheet) -> list[Part]:
        def smaller() -> list[Part]:
            return self.marked(source, sheet.smaller(), sheet.start, sheet.end)

        return [Piece(self._unit(sheet.text, marked=True), sheet.filled, smaller)]

    def _unit(self, text: str, *, marked: bool = False) -> Unit:
        request = self._request
        return Unit.model_construct(
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
