"""A request's texts, made ready for the model: in pieces, without their tags, with their terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.detection import Detection, detect_scored
from app.errors import GroundworkError, MarkupInvalid, TextEmpty, invalid
from app.features.languages import NAMES, UNSPACED, base
from app.features.translations.fidelity import Check, compare, terms_in
from app.features.translations.glossaries import Glossary
from app.features.translations.markup import Markup, MarkupError
from app.features.translations.pieces import Pieces, cut, has_words
from app.features.translations.schemas import Style, TranslationRequest, TranslationUnit
from app.features.translations.shape import in_the_shape_of
from app.vocabulary import Terms

_MOST: Final = 2_000  # characters of a piece; its translation has to fit into max_tokens
_MOST_FOR_A_SMALL_MODEL: Final = 300


@dataclass(frozen=True, slots=True)
class Node:
    """A text without tags: its pieces, and of each what goes to the model, or itself."""

    pieces: Pieces
    parts: tuple[TranslationUnit | str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One of the request's texts.

    Attributes:
        source: as it came.
        target: code of the language that it is to be in.
        language: what it is in.
        terms: the glossary for this pair of languages.
        nodes: what stands between the tags, or the whole text.
        markup: the tags, if there are any.
    """

    source: str
    target: str
    language: Detection
    terms: Terms
    nodes: tuple[Node, ...]
    markup: Markup | None

    @property
    def units(self) -> list[TranslationUnit]:
        """What goes to the model, in order."""
        parts = [part for node in self.nodes for part in node.parts]
        return [part for part in parts if isinstance(part, TranslationUnit)]

    @property
    def spaced(self) -> bool:
        """Whether the target language has spaces between sentences."""
        return base(self.target) not in UNSPACED

    def assembled(self, outputs: Sequence[str], *, shaped: bool) -> tuple[str, list[Check]]:
        """The translation out of those of the units, and how faithful it is.

        Args:
            outputs: one for each unit.
            shaped: whether to begin and end it as the source.
        """
        left = iter(outputs)
        made = [
            node.pieces.join(
                [part if isinstance(part, str) else next(left) for part in node.parts],
                spaced=self.spaced,
            )
            for node in self.nodes
        ]
        sources = self.markup.texts if self.markup else (self.source,)
        if shaped:
            made = [in_the_shape_of(*pair) for pair in zip(sources, made, strict=True)]
        checks = self._compared("\n".join(sources), "\n".join(made))
        if self.markup is None:
            return made[0], checks
        whole = self.markup.fill(made)
        tags = [check for check in self._compared(self.source, whole) if check.name == "markup"]
        return whole, [*(check for check in checks if check.name != "markup"), *tags]

    def _compared(self, source: str, translation: str) -> list[Check]:
        checks = compare(
            source,
            translation,
            source_lang=base(self.language.code),
            target_lang=base(self.target),
            glossary=terms_in(source, self.terms),
        )
        return list(checks)


def prepared(
    request: TranslationRequest, glossary: Glossary, *, small: bool
) -> list[Text | GroundworkError]:
    """The request's texts, or what is wrong with each."""
    texts: list[Text | GroundworkError] = []
    for index, source in enumerate(request.text):
        pointer = f"/text/{index}"
        if not source.strip():
            texts.append(invalid(TextEmpty, pointer, "Must not be blank."))
            continue
        try:
            texts.append(_prepare(source, request, glossary, small=small))
        except MarkupError as error:
            texts.append(invalid(MarkupInvalid, pointer, str(error)))
    return texts


def _prepare(source: str, request: TranslationRequest, glossary: Glossary, *, small: bool) -> Text:
    kind = request.tag_handling
    markup = Markup.read(source, kind, ignore_tags=request.ignore_tags) if kind else None
    plain = markup.texts if markup else (source,)
    given = request.source_lang
    language = Detection(given, 1) if given else detect_scored("\n".join(plain))
    terms = glossary.terms(language.code)
    cutter = _Cutter(request, language.code, terms, small=small)
    nodes = tuple(map(cutter.node, plain))
    return Text(source, request.target_lang, language, terms, nodes, markup)


class _Cutter:
    """Cuts the texts of one request that are in one language."""

    def __init__(
        self, request: TranslationRequest, source: str, terms: Terms, *, small: bool
    ) -> None:
        self._request = request
        self._source = source
        self._terms = terms
        self._small = small
        target = request.target_lang
        same = base(source) == base(target)
        self._stays = source == target or (same and "-" not in target)

    def node(self, text: str) -> Node:
        most = _MOST_FOR_A_SMALL_MODEL if self._small else _MOST
        pieces = cut(text, language=self._source, most=most, keep_lines=self._small)
        return Node(pieces, tuple(self._part(piece.text) for piece in pieces.pieces))

    def _part(self, text: str) -> TranslationUnit | str:
        if self._stays or not has_words(text):
            return text
        request = self._request
        glossary = terms_in(text, self._terms)
        unit = TranslationUnit.model_construct(
            text=text,
            target_lang=request.target_lang,
            source_lang=self._source if base(self._source) in NAMES else None,
            style=Style(
                formality=request.formality,
                context=request.context,
                instructions=tuple(request.custom_instructions),
                terms=() if self._small else tuple(glossary.items()),
            ),
            glossary=glossary,
            masked=self._small,
        )
        if self._small and not has_words(unit.protected.text):
            return unit.protected.restore(unit.protected.text)
        return unit
