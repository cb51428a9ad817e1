"""Whether a translation keeps what must not change, and what to tell a model that broke it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from unicodedata import normalize

import regex

from app.detection import UNKNOWN
from app.features.languages import base
from app.features.translations.fidelity.leftovers import copied_words, still_in
from app.features.translations.fidelity.nesting import tag_nodes
from app.features.translations.fidelity.quantities import Text, compare_quantities
from app.features.translations.fidelity.quantity_words import LETTER
from app.features.translations.fidelity.spans import Kind, Span, find_spans, find_terms, outside

CheckName = Literal[
    "empty",
    "placeholders",
    "urls",
    "emails",
    "emoji",
    "numbers",
    "line_breaks",
    "markup",
    "glossary",
    "untranslated",
    "language",
]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be the same in a text and its translation.

    Attributes:
        name: what was compared.
        kept: whether it is the same.
        missing: what the translation lacks, as the source writes it, as often as it lacks it.
        unexpected: what only the translation has.
    """

    name: CheckName
    kept: bool
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


_LINE_BREAK: Final = regex.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_EMOJI_STYLE: Final = "\ufe0f"
_MARKS: Final = regex.compile(r"\p{Mn}")
_ENDING: Final = 4  # letters that a term may take on
_LONG_TERM: Final = 5  # letters from which on a term may change its last, and be in a compound
_MOST_NAMED: Final = 8  # things in a finding
_LONGEST_NAME: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class _Side:
    """A text, its language, and what it has to keep."""

    text: str
    lang: str
    spans: Sequence[Span]

    @classmethod
    def of(cls, text: str, lang: str) -> "_Side":
        return cls(text, lang, find_spans(text))

    def of_kind(self, *kinds: Kind) -> list[Span]:
        return [span for span in self.spans if span.kind in kinds]

    def texts(self, kind: Kind) -> list[str]:
        return [span.text for span in self.spans if span.kind == kind]


def compare(
    source: str,
    translation: str,
    *,
    source_lang: str,
    target_lang: str,
    glossary: Mapping[str, str] | None = None,
) -> tuple[Check, ...]:
    """Compare a translation with its source.

    Args:
        source: the text.
        translation: what was made of it.
        source_lang: code of the text's language, or ``UNKNOWN``.
        target_lang: code of the translation's.
        glossary: terms, and what each has to become.

    Returns:
        The checks that apply: those of which the source has something, and those that found
        something in the translation alone. Each is as often there as in the source.
    """
    if source.strip() and not translation.strip():
        return (Check("empty", kept=False),)
    here, there = _Side.of(source, source_lang), _Side.of(translation, target_lang)
    terms = glossary or {}
    found = (
        _counted("placeholders", here.texts("placeholder"), there.texts("placeholder")),
        _counted("urls", here.texts("url"), there.texts("url")),
        _counted("emails", here.texts("email"), there.texts("email")),
        _counted("emoji", *(_without_style(side.texts("emoji")) for side in (here, there))),
        _numbers(here, there),
        _line_breaks(source, translation),
        _markup(here, there),
        _glossary(here, there, terms),
        *_languages(here, there, terms),
    )
    return tuple(check for check in found if check)


def finding_of(checks: Iterable[Check]) -> str | None:
    """What is wrong, in one or two sentences for the model; None when all is kept."""
    failed = [check for check in checks if not check.kept]
    if not failed:
        return None
    names = {check.name for check in failed}
    if "empty" in names:
        return "The translation is empty."
    lost = [text for check in failed for text in check.missing]
    new = [
        text
        for check in failed
        if check.name not in ("untranslated", "language")
        for text in check.unexpected
    ]
    clauses = [
        f"{verb} {_listed(texts)}" for verb, texts in (("lacks", lost), ("adds", new)) if texts
    ]
    sentences = [f"The translation {' and '.join(clauses)}."] if clauses else []
    if names & {"untranslated", "language"}:
        sentences.append("It is still in the language of the text; translate all of it.")
    return " ".join(sentences)


def _listed(texts: Sequence[str]) -> str:
    named = [
        text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
        for text in texts[:_MOST_NAMED]
    ]
    more = len(texts) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _counted(name: CheckName, here: Sequence[str], there: Sequence[str]) -> Check | None:
    if not (here or there):
        return None
    missing = Counter(here) - Counter(there)
    unexpected = Counter(there) - Counter(here)
    return _check(name, missing.elements(), unexpected.elements())


def _check(name: CheckName, missing: Iterable[str], unexpected: Iterable[str] = ()) -> Check:
    lost, new = tuple(missing), tuple(unexpected)
    return Check(name, not (lost or new), lost, new)


def _without_style(emoji: Iterable[str]) -> list[str]:
    """Without the variation selector, which changes the look of a sign but not the sign."""
    return [text.replace(_EMOJI_STYLE, "") for text in emoji]


def _numbers(here: _Side, there: _Side) -> Check | None:
    spans = [side.of_kind("number", "time") for side in (here, there)]
    if not any(spans):
        return None
    difference = compare_quantities(
        Text(here.text, here.lang, spans[0]), Text(there.text, there.lang, spans[1])
    )
    return _check("numbers", difference.missing, difference.unexpected)


def _line_breaks(source: str, translation: str) -> Check | None:
    """White space around the whole text does not count."""
    here, there = (_LINE_BREAK.split(text.strip()) for text in (source, translation))
    if len(here) == len(there) == 1:
        return None
    blank = _blank(here) - _blank(there)
    breaks = len(here) - len(there)
    lost = _number(breaks, "line break") + _number(blank, "blank line")
    new = _number(-breaks, "line break") + _number(-blank, "blank line")
    return _check("line_breaks", lost, new)


def _blank(lines: Iterable[str]) -> int:
    return sum(not line.strip() for line in lines)


def _number(count: int, what: str) -> tuple[str, ...]:
    return (f"{count} {what}{'s' if count > 1 else ''}",) if count > 0 else ()


def _markup(here: _Side, there: _Side) -> Check | None:
    left, right = tag_nodes(here.of_kind("tag")), tag_nodes(there.of_kind("tag"))
    if not (left or right):
        return None
    written = {node: text for nodes in (right, left) for node, text in nodes}
    before, after = (Counter(node for node, _ in nodes) for nodes in (left, right))
    lost = [written[node] for node in (before - after).elements()]
    new = [written[node] for node in (after - before).elements()]
    return _check("markup", lost, new)


def _glossary(here: _Side, there: _Side, terms: Mapping[str, str]) -> Check | None:
    """A target term counts with another ending, accent, or case, and within a compound."""
    targets = {source.casefold(): target for source, target in terms.items()}
    found = find_terms(here.text, terms, here.spans)
    if not found:
        return None
    needed = Counter(targets[span.text.casefold()] for span in found)
    fixed = [span for span in there.spans if span.kind not in ("number", "time")]
    text = _plain(outside(there.text, fixed))
    lost = [
        target
        for target, number in needed.items()
        for _ in range(number - len(_inflected(target).findall(text)))
    ]
    return _check("glossary", lost)


def _inflected(term: str) -> "regex.Pattern[str]":
    term = _plain(term)
    if not regex.search(rf"{LETTER}$", term, regex.V1):
        return regex.compile(regex.escape(term))
    long = len(term) >= _LONG_TERM
    stem = regex.escape(term[:-1] if long else term)
    start = "" if long else rf"(?<!{LETTER})"
    ending = _ENDING + 1 if long else _ENDING
    return regex.compile(rf"{start}{stem}{LETTER}{{0,{ending}}}+(?!{LETTER})", regex.V1)


def _plain(text: str) -> str:
    return _MARKS.sub("", normalize("NFKD", text)).casefold()


def _languages(here: _Side, there: _Side, terms: Mapping[str, str]) -> Iterable[Check | None]:
    source, target = base(here.lang), base(there.lang)
    if UNKNOWN in (source, target) or source == target:
        return
    stays = [term for term, target_term in terms.items() if term == target_term]
    text, translation = _prose(here, stays), _prose(there, stays)
    copied = copied_words(text, translation, source, target)
    if copied is not None:
        yield _check("untranslated", (), copied)
    wrong = still_in(text, translation, source, target)
    if wrong is not None:
        yield _check("language", (), wrong)


def _prose(side: _Side, stays: Iterable[str]) -> str:
    terms = find_terms(side.text, stays, side.spans)
    return outside(side.text, sorted([*side.spans, *terms], key=lambda span: span.start))
