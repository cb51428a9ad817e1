"""How languages write quantities: number words, month names, units; the data is quantity_words.json."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import regex

from app.features.languages import base

Forms = dict[str, list[str]]

_DATA: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("quantity_words.json").read_text(encoding="utf-8")
)
_UNITS: Final[Forms] = _DATA["units"]
_SCALES: Final[Forms] = _DATA["scales"]

# Scripts that set no space between words, or a particle right behind one (Korean).
UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
LETTER: Final = rf"[[\p{{L}}\p{{M}}]--[{UNSPACED}]]"
_PREFIXED: Final = r"\p{Arabic}\p{Hebrew}"  # "and", "in" and "the" are written in one with a word
_WORD_START: Final = rf"(?<!{LETTER[:-1]}--[{_PREFIXED}]])"
_WORD_END: Final = rf"(?!{LETTER})"

_HAN_DIGITS: Final = {
    char: value
    for value, chars in enumerate(
        ["〇零", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"]
    )
    for char in chars
}
_HAN_SCALES: Final = {"十": 10, "百": 100, "千": 1000}
_HAN_NUMERAL: Final = regex.compile("[〇零一二两兩三四五六七八九十百千]{1,9}")


def alternatives(forms: Iterable[str]) -> str:
    """A pattern of any of the forms, the longest first; a final ``*`` is any ending.

    The forms are grouped by their first letter: the engine tries branches one by one.
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for form in sorted(set(forms), key=len, reverse=True):
        groups[form[0]].append(_escaped(form[1:]))
    firsts = regex.escape("".join(groups), special_only=False)
    branches = (f"{_escaped(first)}(?:{'|'.join(rest)})" for first, rest in groups.items())
    return f"(?=[{firsts}])(?:{'|'.join(branches)})"


def _escaped(form: str) -> str:
    escaped = regex.escape(form, literal_spaces=True)
    return escaped.replace(r"\*", r"\p{L}{0,6}+").replace(" ", r"\s")


def _flat(table: Forms) -> Iterator[str]:
    return (form for forms in table.values() for form in forms)


def _words(forms: Iterable[str]) -> regex.Pattern[str]:
    pattern = f"{_WORD_START}(?:{alternatives(forms)}){_WORD_END}"
    return regex.compile(pattern, regex.V1 | regex.IGNORECASE)


def _index(table: Forms) -> dict[str, frozenset[str]]:
    index: defaultdict[str, set[str]] = defaultdict(set)
    for meaning, forms in table.items():
        for form in forms:
            index[form.casefold()].add(meaning)
    return {form: frozenset(meanings) for form, meanings in index.items()}


UNIT: Final = alternatives(_flat(_UNITS))
"""A pattern of any unit, as a symbol or a word."""
SCALE: Final = alternatives(_flat(_SCALES))
"""A pattern of any power of ten, such as "thousand" or "万"."""

_MEANINGS: Final = {"units": _index(_UNITS), "scales": _index(_SCALES)}
_MINUS: Final = _words(_DATA["minus"])
_DAYPART: Final = _words(_DATA["dayparts"])


@lru_cache(maxsize=4096)
def _meanings(kind: str, form: str) -> frozenset[str]:
    index = _MEANINGS[kind]
    form = form.casefold()
    stems = (f"{form[:length]}*" for length in range(len(form), 0, -1))
    return next((index[key] for key in (form, *stems) if key in index), frozenset[str]())


def units_of(form: str) -> frozenset[str]:
    """The units that a written form may mean: "pounds" are ``lb`` and ``GBP``."""
    return _meanings("units", form)


def scale_of(form: str) -> int:
    """The power of ten that a written form stands for; 0 for none."""
    return max((int(power) for power in _meanings("scales", form)), default=0)


@cache
def _unit_words(unit: str) -> regex.Pattern[str]:
    return _words(_UNITS[unit])


def mentions_unit(text: str, unit: str) -> bool:
    """Whether the unit stands anywhere in the text, as a symbol or a word of any language."""
    return _unit_words(unit).search(text) is not None


def says_minus(text: str) -> bool:
    """Whether a word for "minus" or "below zero" is in the text."""
    return _MINUS.search(text) is not None


def says_daypart(text: str) -> bool:
    """Whether a word such as "afternoon" is in the text."""
    return _DAYPART.search(text) is not None


@cache
def _number_words(lang: str) -> tuple[regex.Pattern[str], dict[str, list[str]]] | None:
    language = _DATA["languages"].get(lang)
    if language is None:
        return None
    months: list[list[str]] = language["months"]
    values: defaultdict[str, list[str]] = defaultdict(list)
    named = {str(number): forms for number, forms in enumerate(months, start=1)}
    for table in (language["words"], named):
        for value, forms in table.items():
            for form in forms:
                values[form.casefold()].append(value)
    return _words(values), dict(values)


def number_words(text: str, lang: str) -> Counter[str]:
    """How often each value is spelled out in the text: ``{"3": 2}`` for "three, third".

    Month names count as their number; a language without a table has no words.
    """
    known = _number_words(base(lang))
    if known is None:
        return Counter()
    pattern, values = known
    found = (value for match in pattern.finditer(text) for value in values[match[0].casefold()])
    return Counter(found) + Counter(map(_han_value, _HAN_NUMERAL.findall(text)))


def _han_value(numeral: str) -> str:
    """二十三 is 23, 二〇二四 is 2024."""
    if not _HAN_SCALES.keys() & set(numeral):
        return "".join(str(_HAN_DIGITS[char]) for char in numeral)
    total = digit = 0
    for char in numeral:
        if char in _HAN_SCALES:
            total += (digit or 1) * _HAN_SCALES[char]
            digit = 0
        else:
            digit = _HAN_DIGITS[char]
    return str(total + digit)


def has_words(lang: str) -> bool:
    """Whether there is a table for the language."""
    return base(lang) in _DATA["languages"]
