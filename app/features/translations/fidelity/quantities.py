"""Whether two texts in two languages state the same numbers, times and units."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from unicodedata import decimal

import regex

from app.features.languages import base
from app.features.translations.fidelity.quantity_words import (
    has_words,
    mentions_unit,
    number_words,
    says_daypart,
    says_minus,
    scale_of,
    units_of,
)
from app.features.translations.fidelity.spans import FLAGS, NUMBER, TIME, Span

Reading = tuple[str, ...]

_NUMBER: Final = regex.compile(NUMBER, FLAGS)
_TIME: Final = regex.compile(TIME, FLAGS)
_GROUPING: Final = str.maketrans("", "", "'’ \u00a0\u202f٬")
_DECIMAL_POINT: Final = frozenset({"EN", "HE", "JA", "KO", "TH", "ZH"})
_EITHER_SIGN: Final = frozenset({"AR", "ES"})  # a comma in Spain, a point in Mexico
_GROUPED: Final = regex.compile(
    r"\d{1,3}+(?:\.\d{3})++|\d{1,3}+(?:,\d{3})++|\d{1,2}(?:,\d\d)++,\d{3}"
)
_DIGITS: Final = regex.compile(r"\d+")
_SIGN: Final = regex.compile("[.,٫]")
_HOUR: Final = regex.compile(r"1?\d|2[0-3]")
_AMBIGUOUS: Final = regex.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_VULGAR: Final = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}
_PARTS: Final = {"½": "5", "¼": "25", "¾": "75", "⅓": "33", "⅔": "67", "⅛": "125"}
_NEVER_LOST: Final = ("%", "EUR", "USD", "GBP")


@dataclass(frozen=True, slots=True)
class Text:
    """One side of a comparison.

    Attributes:
        text: the whole text.
        lang: its language's code.
        spans: its numbers and times.
    """

    text: str
    lang: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a time of day.

    Attributes:
        text: as it is written.
        readings: what it may mean, the likeliest first, each as one or several numbers:
            "12.03" is 12.03, or the 12 and the 3 of a date. Numbers have no grouping, no
            zeros at the end, and a decimal point; a time is "15:30".
        units: what its unit may be; empty where it has none that is known.
    """

    text: str
    readings: tuple[Reading, ...]
    units: frozenset[str]


@dataclass(slots=True)
class Difference:
    """What only one of two texts states, as it is written there."""

    missing: list[str] = field(default_factory=list[str])
    unexpected: list[str] = field(default_factory=list[str])


def compare_quantities(source: Text, translation: Text) -> Difference:
    """The numbers that got lost or came in.

    Two numbers are the same when each, read as its language writes numbers, has the same value:
    "1.299,00 €" in German is "€1,299.00" in English. Digits of any script count. Moreover:

    - a number may be spelled out on the other side, and a month may be its name (0 to 12 in all
      languages that the service names, the tens and what they make up in most);
    - "3 pm" is "15:00" and "15 Uhr"; where a text says "in the afternoon", 3 may be 15 as well;
    - a date is its numbers in any order; "10万" is 100,000; "½" is 0.5 or "1/2";
    - a unit may be translated, or said once for a range, but not exchanged ("kg" for "lb"), and
      a per cent sign, euros, dollars and British pounds may not vanish from the text.
    """
    left, right = _quantities(source, translation), _quantities(translation, source)
    difference = Difference()
    missing, unexpected = _unequal(left, right, difference)
    missing, unexpected = _unequal_otherwise(missing, unexpected)
    missing, unexpected = _composed(missing, unexpected, translation)
    unexpected, missing = _composed(unexpected, missing, source)
    difference.missing += [quantity.text for quantity in missing]
    difference.unexpected += [quantity.text for quantity in unexpected]
    difference.missing += _lost_units(left, translation)
    return difference


def _quantities(side: Text, other: Text) -> list[Quantity]:
    """The quantities of a text; what the other one says in words widens their readings."""
    signed = any("-" in span.text or "−" in span.text for span in (*side.spans, *other.spans))
    timed = any(span.kind == "time" or "h" in span.text for span in (*side.spans, *other.spans))
    minus = signed and (says_minus(other.text) or says_minus(side.text))
    daypart = timed and (says_daypart(other.text) or says_daypart(side.text))
    lang = base(side.lang)
    meanings = (_meaning(span.kind, span.text, lang, minus, daypart) for span in side.spans)
    return [
        Quantity(span.text, *meaning) for span, meaning in zip(side.spans, meanings, strict=True)
    ]


@lru_cache(maxsize=4096)
def _meaning(
    kind: str, text: str, lang: str, minus: bool, daypart: bool
) -> tuple[tuple[Reading, ...], frozenset[str]]:
    """Readings and units of a span."""
    if kind == "time" and (time := _TIME.fullmatch(text)):
        return _unique(_times(time, daypart=daypart)), frozenset()
    number = _NUMBER.fullmatch(text)
    if number is None:
        return ((text,),), frozenset()
    units = units_of(number["after"] or "") | units_of(number["before"] or "")
    readings = list(_numbers(number, lang, minus=minus))
    hour = readings[0][0]
    if daypart and "h" in units and _HOUR.fullmatch(hour):
        readings.append((str((int(hour) + 12) % 24),))
    return _unique(readings), units


def _unique(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    return tuple(dict.fromkeys(readings))


def _times(time: "regex.Match[str]", *, daypart: bool) -> Iterator[Reading]:
    hour, *rest = (int(_folded(number)) for number in _DIGITS.findall(time[0]))
    while rest and not rest[-1]:
        rest.pop()
    half = (time["half"] or "").lower()
    if half or time["early"] or time["late"]:
        late = half.startswith("p") or time["late"]
        hours = [hour % 12 + (12 if late else 0)]
    else:
        hours = [hour, (hour + 12) % 24] if daypart else [hour]
    for reading in hours:
        yield (":".join([str(reading), *(f"{number:02}" for number in rest)]),)
        yield (str(reading), *map(str, rest))


def _numbers(number: "regex.Match[str]", lang: str, *, minus: bool) -> Iterator[Reading]:
    readings = list(_plain(number, lang))
    if power := scale_of(number["scale"] or ""):
        scaled = [(_scaled(reading[0], power),) for reading in readings if len(reading) == 1]
        readings = [*scaled, *readings]
    if number["sign"]:
        yield from (("-" + first, *rest) for first, *rest in readings)
    if minus or not number["sign"]:
        yield from readings


def _plain(number: "regex.Match[str]", lang: str) -> Iterator[Reading]:
    """Readings without sign and scale."""
    digits, vulgar = number["digits"], number["fraction"]
    if vulgar is None:
        yield from _read(_folded(digits), lang)
        return
    whole = _folded(digits or "0")
    yield (f"{_integer(whole)}.{_PARTS[vulgar]}",)
    fraction = tuple(_VULGAR[vulgar].split("/"))
    yield (_integer(whole), *fraction) if digits else fraction


def _folded(digits: str) -> str:
    return "".join(str(decimal(char)) if char.isdecimal() else char for char in digits)


def _integer(digits: str) -> str:
    """Without zeros in front, but for a code or an area code such as "0151"."""
    return digits if len(digits) > 2 else digits.lstrip("0") or "0"


def _value(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{fraction}" if fraction else _integer(whole)


def _read(digits: str, lang: str) -> Iterator[Reading]:
    """What digits with separators may mean.

    One separator before three digits is grouping or a decimal sign by the language's custom;
    the last of several is a decimal sign if it is another than those before it.
    """
    written = digits.translate(_GROUPING)
    signs = _SIGN.findall(written)
    parts = _DIGITS.findall(digits)
    if not signs:
        yield (_integer(written),)
    elif len(signs) == 1:
        yield from _with_one_sign(written, signs[0], lang)
        parts = [] if _AMBIGUOUS.fullmatch(written) else parts
    elif _GROUPED.fullmatch(written):
        yield (written.replace(signs[0], ""),)
    elif signs[-1] not in signs[:-1]:
        whole, _, fraction = written.rpartition(signs[-1])
        if _GROUPED.fullmatch(whole):
            yield (_value(whole.replace(signs[0], ""), fraction),)
    if len(parts) > 1:
        yield tuple(map(_integer, parts))


def _with_one_sign(written: str, sign: str, lang: str) -> Iterator[Reading]:
    whole, _, fraction = written.partition(sign)
    separated, joined = (_value(whole, fraction),), (_integer(whole + fraction),)
    if not _AMBIGUOUS.fullmatch(written):
        yield separated
    elif lang in _EITHER_SIGN:
        yield from (joined, separated)
    else:
        yield separated if (sign == ".") == (lang in _DECIMAL_POINT) else joined


def _scaled(value: str, power: int) -> str:
    whole, _, fraction = value.partition(".")
    fraction = fraction.ljust(power, "0")
    return _value((whole + fraction[:power]).lstrip("0"), fraction[power:])


def _unequal(
    left: Sequence[Quantity], right: Sequence[Quantity], difference: Difference
) -> tuple[list[Quantity], list[Quantity]]:
    """Those without an equal by the likeliest reading; notes units that were exchanged."""
    here, there = _by_value(left), _by_value(right)
    missing: list[Quantity] = []
    unexpected: list[Quantity] = []
    for value in here.keys() | there.keys():
        lefts, rights = here.get(value, []), there.get(value, [])
        missing += lefts[len(rights) :]
        unexpected += rights[len(lefts) :]
        if lefts and rights:
            _exchanged_units(lefts, rights, difference)
    return _in_order(left, missing), _in_order(right, unexpected)


def _by_value(quantities: Iterable[Quantity]) -> dict[Reading, list[Quantity]]:
    groups: defaultdict[Reading, list[Quantity]] = defaultdict(list)
    for quantity in quantities:
        groups[quantity.readings[0]].append(quantity)
    return groups


def _in_order(whole: Iterable[Quantity], some: Iterable[Quantity]) -> list[Quantity]:
    chosen = set(map(id, some))
    return [quantity for quantity in whole if id(quantity) in chosen]


def _exchanged_units(
    lefts: Iterable[Quantity], rights: Iterable[Quantity], difference: Difference
) -> None:
    """Of equal numbers: units on both sides that cannot be the same one."""
    here = {quantity.units: quantity.text for quantity in lefts if quantity.units}
    there = {quantity.units: quantity.text for quantity in rights if quantity.units}
    lost = [text for units, text in here.items() if not any(units & other for other in there)]
    new = [text for units, text in there.items() if not any(units & other for other in here)]
    if lost and new:
        difference.missing += lost
        difference.unexpected += new


def _unequal_otherwise(
    missing: Sequence[Quantity], unexpected: Sequence[Quantity]
) -> tuple[list[Quantity], list[Quantity]]:
    """Those that share no reading with one of the other side."""
    index: defaultdict[Reading, list[int]] = defaultdict(list)
    for place, quantity in enumerate(unexpected):
        for reading in quantity.readings:
            index[reading].append(place)
    left = dict(enumerate(unexpected))
    unpaired = [
        quantity
        for quantity in missing
        if not any(_taken(index[reading], left) for reading in quantity.readings)
    ]
    return unpaired, list(left.values())


def _taken(places: list[int], left: dict[int, Quantity]) -> bool:
    while places:
        if left.pop(places.pop(), None):
            return True
    return False


def _composed(
    missing: list[Quantity], unexpected: list[Quantity], other: Text
) -> tuple[list[Quantity], list[Quantity]]:
    """Those that are not made up of single numbers and number words of the other text."""
    if not missing:
        return missing, unexpected
    numbers: defaultdict[str, list[Quantity]] = defaultdict(list)
    for quantity in unexpected:
        if len(quantity.readings[0]) == 1:
            numbers[quantity.readings[0][0]].append(quantity)
    pool = _Pool(numbers, number_words(other.text, other.lang))
    left = [quantity for quantity in missing if not any(map(pool.take, quantity.readings))]
    return left, [quantity for quantity in unexpected if id(quantity) not in pool.used]


class _Pool:
    """Numbers and number words that nothing has been matched with yet."""

    def __init__(self, numbers: dict[str, list[Quantity]], words: Counter[str]) -> None:
        self._numbers = numbers
        self._words = words
        self.used: set[int] = set()

    def take(self, reading: Reading) -> bool:
        """Take all numbers of a reading, or none."""
        wanted = Counter(reading)
        words = Counter[str]()
        for value, number in wanted.items():
            if short := number - len(self._numbers.get(value, ())):
                words.update(self._spelled(value, max(0, short)))
        if any(self._words[word] < number for word, number in words.items()):
            return False
        self._words.subtract(words)
        for value, number in wanted.items():
            for _ in range(min(number, len(self._numbers.get(value, ())))):
                self.used.add(id(self._numbers[value].pop()))
        return True

    def _spelled(self, value: str, number: int) -> dict[str, int]:
        """The number words of a value: itself, or the tens and the unit of "twenty-five"."""
        compound = len(value) == 2 and value.isdigit() and value[1] != "0" and value > "20"
        if compound and self._words[value] < number:
            return {f"{value[0]}0": number, value[1]: number}
        return {value: number}


def _lost_units(quantities: Iterable[Quantity], translation: Text) -> Iterator[str]:
    """Quantities whose unit the translation names nowhere, neither as a symbol nor in words."""
    if not has_words(translation.lang):
        return
    first = {quantity.units: quantity.text for quantity in quantities}
    for unit in _NEVER_LOST:
        text = first.get(frozenset({unit}))
        if text is not None and not mentions_unit(translation.text, unit):
            yield text
