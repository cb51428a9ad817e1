"""Finds what a translation has to keep: placeholders, tags, addresses, emoji, numbers and terms."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, Literal

import regex

from app.features.translations.fidelity.quantity_words import LETTER, SCALE, UNIT

Kind = Literal["tag", "url", "email", "placeholder", "emoji", "time", "number", "term"]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, by its place.

    Attributes:
        kind: what it is.
        text: the part as it is written.
        start: where it begins, in characters.
        end: where it ends: ``text == whole[start:end]``.
    """

    kind: Kind
    text: str
    start: int
    end: int


# Every repetition is possessive or bounded, and a run of host or mailbox characters is tried
# from its first character only: a scan takes a time linear in the text, whatever the text.
_LATIN: Final = r"A-Za-z0-9À-ÖØ-öø-ɏ"
_GAP: Final = r"[ \u00A0\u202F]"
_IN_URL: Final = (
    r"[^\s<>\"“”„«»،؛؟\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\u3000-\u303F"
    r"\uFF00-\uFFEF\U0001F000-\U0001FAFF\u2600-\u27BF]"
)

# "<3", "a < b" and "<your name here>" are none.
_TAG: Final = r"""
    </?+[A-Za-z][\w.:-]*+
        (?:\s++(?=[^<>]*=)(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)?+ \s*+ (?:/?+>|(?<=/)>)
    | <![^<>]*+>
"""

# A host without a scheme needs "www.", a path, or an ending that is no word of any language.
_URL: Final = rf"""
    (?i:https?+|ftp)://{_IN_URL}++
    | (?<![{_LATIN}@._/-])(?:
        (?i:www)\.[{_LATIN}]{_IN_URL}*+
        | [{_LATIN}-]++(?:\.[{_LATIN}-]++)++(?:
            (?<=\.[a-z]{{2,7}})/(?![\s/]){_IN_URL}*+
            | (?<=\.(?:com|org|net|example|test|invalid))(?![@\w])
        )
    )
"""

_EMAIL: Final = rf"""
    (?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]*+@[{_LATIN}-]++(?:\.[{_LATIN}-]++)++
"""

# Mustache and Jinja; shell, Ruby and JavaScript; Python's format and ICU MessageFormat; printf
# (a per cent sign behind a number is none, nor is one before a word); "%NAME%"; ":smile:".
_PLACEHOLDER: Final = rf"""
    \{{\{{\{{?+[^{{}}\n]*+\}}\}}\}}?+ | \{{%[^{{}}\n]*+(?<=%)\}} | [$\#%@]\{{[^{{}}\n]*+\}}
    | \{{\s?[\w.\[\]-]*+
        (?:[:!][^\s{{}}]*+|,\s?(?:number|date|time|ordinal|spellout|duration)\b[^{{}}]*+)?+\s?\}}
    | \{{\s?\w++,\s?(?:plural|selectordinal|select)\s?,
    | (?<![\d%])%(?:
        [A-Za-z_]\w++%(?![\w%])
        | \(\w++\)[-+\#0-9.]*+[sdifgrx]
        | (?:\d++\$)?+[-+\#0]*+\d*+(?:\.\d++)?+(?:ll?+|hh?+|z)?+(?:@|[sdiufFeEgGxXoc](?![{_LATIN}]))
        | (?:\d++\$)?+d(?:s|h|m|ms|min|px|kg|g|km|[KMGT]B|x)(?![{_LATIN}])
      )
    | (?<![\w:]):[a-z][a-z0-9_+-]*+:(?![\w:])
"""
_BRACE: Final = regex.compile("[{}]")
_MESSAGE_FORMAT: Final = regex.compile(r"\{\s?\w++,")

# Unicode Technical Standard 51, definition ED-17: flags, keycaps, and pictographs with their
# skin tones, joined by zero-width joiners.
_PICTOGRAPH: Final = (
    r"\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F)?+\u20E3?+[\U000E0020-\U000E007F]*+"
)
_EMOJI: Final = rf"""
    \p{{RI}}{{2}} | [\#*0-9]\uFE0F?+\u20E3
    | (?![©®™ℹ](?!\uFE0F)){_PICTOGRAPH}(?:\u200D{_PICTOGRAPH})*+
"""

_HALF_DAY: Final = r"(?P<half>a\.?\ ?m\b\.?|p\.?\ ?m\b\.?)"
_EARLY: Final = "午前|上午|早上|오전"
_LATE: Final = "午後|下午|晚上|오후"
TIME: Final = rf"""(?i:
    (?<![\d:.,])(?P<hour>\d{{1,2}})(?:
        [:.](?P<minute>\d{{2}})(?::\d{{2}})?+{_GAP}?+(?:{_HALF_DAY}|Uhr(?!{LETTER}))
        | :(?P<minute>\d{{2}})(?::\d{{2}})?+(?![\d:])
        | {_GAP}?+(?:{_HALF_DAY}|Uhr(?:{_GAP}(?P<minute>\d{{2}})(?!\d))?+(?!{LETTER}))
        | {_GAP}?+h{_GAP}?+(?P<minute>\d{{2}})(?!\d|[.,]\d)
        | {_GAP}?+[点點时時시](?![间間])(?:{_GAP}?+(?P<minute>\d{{1,2}}){_GAP}?+[分분])?+
    )
    | (?:(?P<early>{_EARLY})|(?P<late>{_LATE})){_GAP}?+(?P<hour>\d{{1,2}})
        (?::(?P<minute>\d{{2}})|{_GAP}?+[点點時时시](?:{_GAP}?+(?P<minute>\d{{1,2}}){_GAP}?+[分분])?+)?+
)"""
"""A time of day, in verbose form; the groups ``hour``, ``minute``, ``half``, ``early``, ``late``."""

_MONEY: Final = r"[$€£¥￥₹₩₺฿]|R\$|US\$|EUR|USD|GBP|CHF|Rp\.?"
_VULGAR: Final = "[½¼¾⅓⅔⅛]"
NUMBER: Final = rf"""
    (?P<sign>(?<![\w)\]]|\d\s)[-−])?+
    (?P<before>(?<!{LETTER})(?:{_MONEY}|%))?+(?(before){_GAP}?+|)
    (?:(?P<digits>\d++(?:[.,'’٫٬]\d++|{_GAP}\d{{3}}(?!\d))*+)(?P<fraction>{_VULGAR})?+
        |(?P<fraction>{_VULGAR}))
    (?i:{_GAP}?(?P<scale>{SCALE})(?!{LETTER}|\d))?+
    (?i:{_GAP}?-?(?:(?P<after>[%٪％‰€$£])|(?P<after>{UNIT})(?!{LETTER}|\d)))?+
"""
"""A number with its unit, in verbose form; the groups are its parts."""

FLAGS: Final = regex.V1 | regex.VERBOSE
# In the order in which they claim their place. One pattern of all would be ten times slower: the
# engine could not look for the characters without which there is no match.
_PATTERNS: Final[dict[Kind, regex.Pattern[str]]] = {
    "tag": regex.compile(_TAG, FLAGS),
    "url": regex.compile(_URL, FLAGS),
    "email": regex.compile(_EMAIL, FLAGS),
    "placeholder": regex.compile(_PLACEHOLDER, FLAGS),
    "emoji": regex.compile(_EMOJI, FLAGS),
    "time": regex.compile(TIME, FLAGS),
    "number": regex.compile(NUMBER, FLAGS),
}

_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
_URL_ENDS: Final = frozenset(".,:;!?'’*…–—")


def find_spans(text: str) -> list[Span]:
    """All of a text but its terms, in order, without overlap; the time is linear."""
    spans: list[Span] = []
    for kind in _PATTERNS:
        spans = list(_with(spans, kind, text))
    return spans


def _with(spans: list[Span], kind: Kind, text: str) -> Iterator[Span]:
    """The spans, and those of one more kind between them."""
    nested = _sub_messages(text) if kind == "placeholder" else ()
    start = 0
    for span in [*spans, Span(kind, "", len(text), len(text))]:
        for match in _PATTERNS[kind].finditer(text, start, span.start):
            found = match if match.start() not in nested else _argument(match)
            if found:
                yield _span(kind, found)
        if span.text:
            yield span
        start = span.end


def _span(kind: Kind, match: "regex.Match[str]") -> Span:
    text = _without_punctuation(match[0]) if kind == "url" else match[0]
    return Span(kind, text, match.start(), match.start() + len(text))


def _argument(sub_message: "regex.Match[str]") -> "regex.Match[str] | None":
    """What is to be kept of a sub-message: nothing of ``{item}``, ``{name}`` of ``{{name}}``."""
    start, end = sub_message.span()
    return _PATTERNS["placeholder"].match(sub_message.string, start + 1, end - 1)


def _without_punctuation(url: str) -> str:
    """The sentence's own marks are no part of it, nor a bracket that was opened before it."""
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _BRACKETS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _URL_ENDS:
            break
        end -= 1
    return url[:end]


def _sub_messages(text: str) -> set[int]:
    """Where a ``{`` opens a translatable part of an ICU plural or select: ``one {item}``."""
    if _MESSAGE_FORMAT.search(text) is None:
        return set()
    found: set[int] = set()
    formats: list[bool] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "}":
            del formats[-1:]
            continue
        if formats and formats[-1]:
            found.add(brace.start())
        formats.append(_MESSAGE_FORMAT.match(text, brace.start()) is not None)
    return found


def outside(text: str, spans: Iterable[Span]) -> str:
    """The text with a space in the place of each span; spans may overlap."""
    parts: list[str] = []
    start = 0
    for span in spans:
        parts.append(text[start : span.start])
        start = max(start, span.end)
    return " ".join([*parts, text[start:]])


def terms_in(text: str, terms: Mapping[str, str]) -> dict[str, str]:
    """The terms of a glossary that occur in a text outside its addresses and placeholders."""
    found = {span.text.casefold() for span in find_terms(text, terms)}
    return {source: target for source, target in terms.items() if source.casefold() in found}


def find_terms(text: str, terms: Iterable[str], spans: Sequence[Span] | None = None) -> list[Span]:
    """Where terms stand in a text as whole words in any case, the longest first, in order.

    Where a script sets no spaces between words, a term may begin and end anywhere. Nothing is
    found inside an address, a tag or a placeholder.

    Args:
        text: the text.
        terms: what to look for.
        spans: the text's spans, where they are known already.
    """
    whole = text.casefold()
    folded = {fold for term in terms if term and (fold := term.casefold()) in whole}
    if not folded:
        return []
    pattern = _pattern_of(folded)
    spans = find_spans(text) if spans is None else spans
    fixed = [span for span in spans if span.kind not in ("time", "number")]
    gaps = pairwise([0, *(place for span in fixed for place in (span.start, span.end)), len(text)])
    return [
        Span("term", match[0], match.start(), match.end())
        for start, end in islice(gaps, 0, None, 2)
        for match in pattern.finditer(text, start, end)
        if match[0].casefold() in folded
    ]


def _pattern_of(terms: Iterable[str]) -> "regex.Pattern[str]":
    either = "|".join(map(regex.escape, sorted(terms, key=len, reverse=True)))
    word = rf"{LETTER}|\d"
    bounded = rf"(?:(?<!{word})|(?!{word}))(?:{either})(?:(?!{word})|(?<!{word}))"
    return regex.compile(bounded, regex.V1 | regex.IGNORECASE)
