# Cyrillic words have Cyrillic letters
"""Amounts of money: a number with a currency before or after it.

A sign that several currencies share ($, ¥, kr) does not tell which one, so it stays a sign in
the value. "Pounds" are taken for a weight unless "sterling" is said.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

_CODE: Final = (  # ISO 4217, without PHP and those that are English words (ALL, TRY)
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MXN"
    "|MYR|NOK|NZD|PEN|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TWD|UAH|USD|VND|ZAR"
)
_SIGNS: Final = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₽": "RUB",
    "₴": "UAH",
    "₺": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP",
    "円": "JPY",
    "원": "KRW",
    "$": "$",
    "¥": "¥",
    "\N{FULLWIDTH YEN SIGN}": "¥",
    "元": "元",
}
_DOLLARS: Final = {
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "NT$": "TWD",
    "MX$": "MXN",
    "R$": "BRL",
}
_WORDS: Final = {
    **dict.fromkeys(("eur", "euro", "euros", "eura", "euroa", "евро", "євро", "ευρώ"), "EUR"),
    **dict.fromkeys(("usd", "us dollar", "us dollars", "us-dollar"), "USD"),
    **dict.fromkeys(("dollar", "dollars", "dólares", "dollari", "dolarów"), "$"),
    **dict.fromkeys(("gbp", "pound sterling", "pounds sterling", "quid"), "GBP"),
    **dict.fromkeys(("chf", "franken", "schweizer franken"), "CHF"),
    **dict.fromkeys(("pln", "zł", "zl", "złotych", "złote", "złoty"), "PLN"),
    **dict.fromkeys(("kč", "korun"), "CZK"),
    **dict.fromkeys(("kr", "kroner"), "kr"),
    "kronor": "SEK",
    "reais": "BRL",
    "yen": "JPY",
    **dict.fromkeys(("rmb", "yuan"), "CNY"),
    **dict.fromkeys(("руб", "рублей", "рубля"), "RUB"),
    **dict.fromkeys(("грн", "гривень"), "UAH"),
    "tl": "TRY",
    "forint": "HUF",
}

_SPACE: Final = "[ \u00a0\u202f]"
_NUMBER: Final = (
    rf"(?:\d{{1,3}}(?:(?:[.,'\u2019]|{_SPACE})\d{{3}}){{1,5}}(?:[.,]\d\d?)?"
    r"|\d{1,2}(?:,\d\d){1,4},\d{3}(?:\.\d\d?)?"  # Indian lakhs
    r"|\d{1,15}(?:[.,]\d\d?)?)(?![.,]?\d)(?:[.,][-\u2013\u2014]{1,2})?"
)
_SIGN: Final = "(?:" + "|".join(map(re.escape, [*_DOLLARS, *_SIGNS])) + ")"  # the longer ones first
_MULTIPLE: Final = (
    rf"(?!{_SPACE}?(?i:[km]|mn|mio|mrd|tsd|mln|tys|bn|thousand|million|billion|mill?e|tausend"
    r"|millionen|millions|milliards|millones|milioni|milhões)(?!\w))"
)
_BEFORE: Final = re.compile(
    rf"(?:(?<![A-Za-z0-9_$])({_SIGN})|(?<!\w)({_CODE}|[Kk]r\.?)){_SPACE}?({_NUMBER})"
    rf"(?![A-Za-z0-9_]){_MULTIPLE}(?:{_SPACE}?({_CODE})(?!\w))?"
)
_AFTER: Final = re.compile(
    rf"(?<![A-Za-z0-9_])(?<!\d[.,:/'])({_NUMBER}){_SPACE}?"
    rf"(?:({_SIGN})(?![A-Za-z0-9_])|((?:(?:US|us|[Pp]ounds?|Schweizer) )?[^\W\d_]{{2,9}})(?!\w))"
)
_BETWEEN: Final = re.compile(r"(?<![A-Za-z0-9_.,])(\d{1,6})€(\d\d)(?![A-Za-z0-9_])")  # French

_ENOUGH: Final = 200  # of each form, of which the caller keeps 100


def find_amounts(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and value of the first amounts of each form; some may overlap.

    The value is a plain decimal number and an ISO 4217 code (``1299.00 EUR``), or the shared sign
    (``49.90 $``). A sign of minus is no part of it; millions and "5k" are not read.
    """
    for found in islice(_BEFORE.finditer(text), _ENOUGH):
        sign, code, number, after = found.groups()
        yield *found.span(), f"{_plain(number)} {after or _currency(sign or code)}"
    for found in islice(_BETWEEN.finditer(text), _ENOUGH):
        yield *found.span(), f"{found[1]}.{found[2]} EUR"
    yield from islice(_currency_after(text), _ENOUGH)


def _currency_after(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _AFTER.finditer(text):
        number, sign, word = found.groups()
        if currency := _currency(sign or word):
            yield *found.span(), f"{_plain(number)} {currency}"


def _currency(written: str) -> str | None:
    if re.fullmatch(_CODE, written):
        return written
    known = _DOLLARS.get(written) or _SIGNS.get(written)
    return known or _WORDS.get(written.casefold().rstrip("."))


def _plain(number: str) -> str:
    """A number without grouping and with a decimal point: ``1299.00`` for ``1.299,00``.

    One or two digits after the last point or comma are decimals; three are a group of
    thousands, unless there is only a zero before them.
    """
    number = number.rstrip(".,-\u2013\u2014")
    decimals = re.search(r"[.,](\d\d?)$|(?<=^0)[.,](\d+)$", number)
    whole = re.sub(r"\D", "", number[: decimals.start()] if decimals else number)
    return f"{whole}.{decimals[1] or decimals[2]}" if decimals else whole
