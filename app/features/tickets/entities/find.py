"""What a support email names exactly: numbers of orders and invoices, addresses, dates, amounts.

Each kind is found by its own rules, the surest first. What one has taken is blanked out for the
next, so that no two overlap and a date is never read as a phone number.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    format_number,
    is_possible_number,
    parse,
)

from app.features.tickets.entities.amounts import find_amounts
from app.features.tickets.entities.dates import find_dates
from app.features.tickets.entities.references import find_cues, find_marked, find_unmarked

EntityType = Literal["order_number", "invoice_number", "email", "phone", "date", "amount"]

MOST: Final = 100  # found in one text

_BLANK: Final = "\ufffc"  # neither a word, a digit nor a space

_TELLING: Final = re.compile(r"[\d@]")  # every entity has a digit, or is an email address

_LETTER: Final = "A-Za-z0-9\u00c0-\u024f"
_EMAIL: Final = re.compile(
    rf"(?<![{_LETTER}_+%&])([{_LETTER}_+%&][{_LETTER}_.+%&'-]{{0,63}})(?<!\.)@"
    rf"((?:[{_LETTER}][{_LETTER}-]{{0,62}}\.){{1,8}}(?:xn--[a-z0-9-]{{2,59}}|[^\W\d_]{{2,24}}))"
    rf"(?![{_LETTER}_@-])",
    re.ASCII,
)
_PASSED_OVER: Final = re.compile(  # addresses of the web, IBANs
    r"(?:https?://|(?<![\w.])www\.)[!-~]+"
    r"|(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_PHONE_CUE: Final = re.compile(
    r"(?i)(?=\w)(?:(?<![^\W_])(?:t[eé]l|t[eé]l[eé](?:f|ph)oo?n[eio]?(?:nummer|numer)?"
    r"|phone|mobile?|mobil(?:nummer)?|móvil|cell(?:ulare)?"
    r"|celular|telemóvel|handy(?:nummer)?|portable|gsm|komórka|fax|whatsapp|puhelin|тел|телефон"
    r"|(?:call|ring|reach|phone|text) (?:me|us)|rückruf|rufen sie mich|rappelez-moi|llám[ae]me"
    r"|chiamatemi|bel(?: me)?|zadzwoń)(?![^\W\d_])"
    r"|電話|电话|전화|هاتف)"
)
_PHONE_LINK: Final = re.compile(
    r"(?i)(?:番号|号码|번호)?[.:\uff1a \u00a0\t]{0,4}"
    r"(?:(?:number|no|nr|nummer|numéro|número|numero|is|ist|est|es|è|on"
    r"|at|under|unter|au|al|op|pod)(?![^\W\d_])[.: ]{0,3}){0,3}"
    r"(\(?\d(?:[ \u00a0()/.\u2013-]{0,2}\d){5,14})(?![A-Za-z0-9_])"
)
_PLUS_SIGNS: Final = "+\N{FULLWIDTH PLUS SIGN}"
_ABROAD: Final = "00"  # what is dialled instead of a plus
_MOST_TRIES: Final = 2_000  # runs of digits that are no phone number, 0.3 s

Span = tuple[int, int, str]  # start, end, value
_Typed = tuple[int, int, str, EntityType]


@dataclass(frozen=True, slots=True)
class Found:
    """An entity and where it is.

    Attributes:
        type: what it is.
        text: as written, which is ``text[start:end]`` of the email.
        value: one form for all ways of writing it. An email's domain in lower case; a phone
            number in E.164, or its digits where the country is not known; dates and amounts as
            ``find_dates`` and ``find_amounts`` say; codes as written.
        start: its first character, in Unicode code points.
        end: the character after its last.
    """

    type: EntityType
    text: str
    value: str
    start: int
    end: int


def find_entities(text: str, *, region: str | None = None) -> list[Found]:
    """The entities of an email, in order, none overlapping, at most the first ``MOST``.

    Args:
        text: the email; addresses of the web and what is in them are passed over.
        region: ISO 3166 code of the country whose phone numbers may lack a country code.
    """
    if not _TELLING.search(text):
        return []
    found: list[Found] = []
    rest = _blanked(text, (at.span() for at in _PASSED_OVER.finditer(text)))
    for entities in _finders(find_cues(rest), region and region.upper()):
        new = _first(entities(rest), text)
        rest = _blanked(rest, ((one.start, one.end) for one in new))
        found += new
    return sorted(found, key=lambda one: one.start)[:MOST]


def _finders(
    cues: list[re.Match[str]], region: str | None
) -> Iterable[Callable[[str], Iterator[_Typed]]]:
    """The rules, the surest first: "invoice no. 12/03/2026" is no date, "order 12/03/2026" is."""
    return (
        lambda text: _typed("email", _emails(text)),
        lambda text: find_marked(text, cues),
        lambda text: _typed("phone", _international_phones(text)),
        lambda text: _typed("date", find_dates(text)),
        lambda text: _typed("amount", find_amounts(text)),
        lambda text: find_unmarked(text, cues),
        lambda text: _typed("phone", _announced_phones(text, region)),
        lambda text: _typed("phone", _national_phones(text, region)),
    )


def _typed(kind: EntityType, spans: Iterable[Span]) -> Iterator[_Typed]:
    return ((start, end, value, kind) for start, end, value in spans)


def _first(candidates: Iterable[_Typed], text: str) -> list[Found]:
    """The first ``MOST``; of two that overlap, the earlier or the longer."""
    found: list[Found] = []
    free = 0
    for start, end, value, kind in sorted(candidates, key=lambda one: (one[0], -one[1])):
        if start >= free and len(found) < MOST:
            found.append(Found(kind, text[start:end], value, start, end))
            free = end
    return found


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with ordered spans blanked out, as long as it was."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += text[at:start], _BLANK * (end - start)
        at = end
    return "".join((*parts, text[at:]))


def _emails(text: str) -> Iterator[Span]:
    for found in _EMAIL.finditer(text):
        yield *found.span(), f"{found[1]}@{found[2].lower()}"


def _international_phones(text: str) -> Iterator[Span]:
    """Numbers with a plus; any that could be one, since who writes a plus means a number."""
    if not any(plus in text for plus in _PLUS_SIGNS):
        return
    matches = PhoneNumberMatcher(text, None, leniency=Leniency.POSSIBLE, max_tries=_MOST_TRIES)
    for match in islice(matches, MOST):
        yield match.start, match.end, format_number(match.number, PhoneNumberFormat.E164)


def _announced_phones(text: str, region: str | None) -> Iterator[Span]:
    """Numbers after a word such as "phone" or "call me at"."""
    for cue in islice(_PHONE_CUE.finditer(text), _MOST_TRIES):
        if found := _PHONE_LINK.match(text, cue.end()):
            yield *found.span(1), _normal(found[1], region)


def _normal(written: str, region: str | None) -> str:
    """E.164 if the country can be told, else the digits."""
    digits = re.sub(r"\D", "", written)
    try:
        number = parse(f"+{digits[2:]}" if digits.startswith(_ABROAD) else written, region)
    except NumberParseException:
        return digits
    return format_number(number, PhoneNumberFormat.E164) if is_possible_number(number) else digits


def _national_phones(text: str, region: str | None) -> Iterator[Span]:
    """Valid numbers of a country without its code, and of others after 00.

    Without a country only the latter, for which any with that prefix will do.
    """
    if not region and _ABROAD not in text:
        return
    matches = PhoneNumberMatcher(text, region or "DE", max_tries=_MOST_TRIES)
    for match in islice(matches, MOST):
        if match.raw_string.startswith(_ABROAD) or (region and _looks_dialled(match.raw_string)):
            yield match.start, match.end, format_number(match.number, PhoneNumberFormat.E164)


def _looks_dialled(written: str) -> bool:
    """Whether a number without a country code has a trunk prefix or is written in groups."""
    return written.startswith(("0", "(")) or len(re.findall(r"\d+", written)) > 2
