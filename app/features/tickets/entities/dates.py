"""Calendar dates as people write them in emails, read only as far as they are unambiguous.

Written months are known in the languages below; numbers between dots are day first everywhere;
numbers between slashes or hyphens are read when only one order of day and month makes sense.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Final

_MONTHS: Final = (  # EN DE FR ES IT PT NL PL, DA NB SV, CS, RU, UK
    "january januar janvier enero gennaio janeiro januari stycznia styczeń ledna января січня",
    "february februar février febrero febbraio fevereiro februari lutego luty února февраля лютого",
    "march märz maerz mars marzo março marco maart marca marzec marts března марта березня",
    "april avril abril aprile kwietnia kwiecień dubna апреля квітня",
    "may mai mayo maggio maio mei maja maj května мая травня",
    "june juni juin junio giugno junho czerwca czerwiec června июня червня",
    "july juli juillet julio luglio julho lipca lipiec července июля липня",
    "august août aout agosto augustus sierpnia sierpień augusti srpna августа серпня",
    "september septembre septiembre settembre setembro września wrzesień září сентября вересня",
    "october oktober octobre octubre ottobre outubro października październik října октября жовтня",
    "november novembre noviembre novembro listopada listopad ноября листопада",
    "december dezember décembre diciembre dicembre dezembro grudnia prosince декабря грудня",
)
_SHORT_MONTHS: Final = (  # many are words too ("2 out of 3"), so they need a year
    "jan janv ene gen sty",
    "feb févr fév febr fev lut",
    "mar mär mrz mrt",
    "apr avr abr kwi",
    "mag maj",
    "jun giu cze",
    "jul juil lug lip",
    "aug ago sie",
    "sep sept set wrz",
    "oct okt ott out paź",
    "nov lis",
    "dec dez déc dic gru",
)


def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: at for at, line in enumerate(names, 1) for name in line.split()}


_FULL: Final = _numbered(_MONTHS)
_SHORT: Final = _numbered(_SHORT_MONTHS)
_ENGLISH: Final = [line.partition(" ")[0].capitalize() for line in _MONTHS]
_CAPITALISED: Final = {  # English months that open a date, or that need no year
    **{name: at for at, name in enumerate(_ENGLISH, 1)},
    **{name[:3]: at for at, name in enumerate(_ENGLISH, 1)},
    "Sept": 9,
}

_START: Final = r"(?<![A-Za-z0-9_./-])(?<!\d,)"
_END: Final = r"(?![A-Za-z0-9_/-])(?![.,:]\d)"
_GAP: Final = r"[\s./-]{1,3}"
_YEAR: Final = r"((?:19|20)\d\d)"

_YEAR_FIRST: Final = re.compile(
    rf"{_START}{_YEAR}(?:-(\d\d)-(\d\d)|/(\d\d?)/(\d\d?)|\.(\d\d)\.(\d\d)|\. (\d\d?)\. (\d\d?))"
    rf"(?:(?=T\d\d:)|{_END})"
)
_DOTTED: Final = re.compile(
    rf"{_START}(?:(\d\d?)\.[ \u00a0]?(\d\d?)\.[ \u00a0]?{_YEAR}|(\d\d)\.(\d\d)\.(\d\d)){_END}"
)
_GERMAN_DOTTED: Final = re.compile(
    r"(?<!\w)(?:[Aa]m|[Vv]om|[Zz]um|[Bb]is|[Ss]eit|[Aa]b|dem|den) ((\d\d?)\.(\d\d?)\.)(?!\d)"
)
_SLASHED: Final = re.compile(rf"{_START}(\d\d?)([/-])(\d\d?)\2(?:{_YEAR}|(?<=/)\d\d){_END}")
_DAY_FIRST: Final = re.compile(
    rf"(?<![A-Za-z0-9_/])(?<!\d[,.])(\d\d?)(?:(?i:st|nd|rd|th)|er|e|º|°|ª|:e)?"
    rf"{_GAP}(?:(?:of|de)\s{{1,2}})?([^\W\d_]{{3,12}})(?!\w)"
    rf"(?:[,.]?(?:\s{{1,2}}(?:de|del)\s{{1,2}}|{_GAP}){_YEAR}{_END})?"
)
_MONTH_FIRST: Final = re.compile(
    rf"(?<![\w-])([A-Z][A-Za-z]{{2,8}})\.?\s{{1,2}}(?:the )?(\d\d?)(?i:st|nd|rd|th)?{_END}(?!\s?%)"
    rf"(?:,?\s{{1,2}}{_YEAR}{_END})?"
)
_EAST_ASIAN: Final = re.compile(
    rf"(?<!\d)(?:{_YEAR}\s?[年년]\s?)?(\d\d?)\s?[月월]\s?(\d\d?)\s?[日号號일]"
)

_ENOUGH: Final = 200  # of each form, of which the caller keeps 100


def find_dates(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of the first dates of each form; some may overlap.

    The value is ISO 8601 (``2026-03-12``), without a year its truncated form (``--03-12``, as in
    RFC 6350), and what is written where day and month may be either (``03/04/2026``) or the year
    has two digits between slashes.
    """
    for form in (_year_first, _dotted, _slashed, _day_first, _month_first, _east_asian):
        yield from islice(form(text), _ENOUGH)


def _iso(year: str | None, month: str | int, day: str | int) -> str | None:
    try:
        real = date(int(year or 2000), int(month), int(day))  # 2000 has a 29 February
    except ValueError:
        return None
    return real.isoformat() if year else f"--{real:%m-%d}"


def _year_first(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _YEAR_FIRST.finditer(text):
        year, month, day = filter(None, found.groups())
        if value := _iso(year, month, day):
            yield *found.span(), value


def _dotted(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _DOTTED.finditer(text):
        day, month, year = filter(None, found.groups())
        if value := _iso(year if len(year) > 2 else f"20{year}", month, day):
            yield *found.span(), value
    for found in _GERMAN_DOTTED.finditer(text):
        if value := _iso(None, found[3], found[2]):
            yield *found.span(1), value


def _slashed(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _SLASHED.finditer(text):
        first, second, year = found[1], found[3], found[4]
        readings = {_iso(year, second, first), _iso(year, first, second)} - {None}
        if readings:
            sure = year and len(readings) == 1
            yield *found.span(), (readings.pop() if sure else None) or found[0]


def _day_first(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _DAY_FIRST.finditer(text):
        day, word, year = found.groups()
        month = _month(word, dated=bool(year))
        if month and (value := _iso(year, month, day)):
            yield *found.span(), value


def _month(word: str, *, dated: bool) -> int | None:
    """Number of a written month; a word that is more than a month needs a year or a capital."""
    name = word.casefold()
    if dated:
        return _FULL.get(name) or _SHORT.get(name)
    return _CAPITALISED.get(word) or (_FULL.get(name) if name != "may" else None)


def _month_first(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _MONTH_FIRST.finditer(text):
        month = _CAPITALISED.get(found[1].capitalize())
        if month and (value := _iso(found[3], month, found[2])):
            yield *found.span(), value


def _east_asian(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _EAST_ASIAN.finditer(text):
        if value := _iso(*found.groups()):
            yield *found.span(), value
