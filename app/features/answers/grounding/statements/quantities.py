"""Numbers with their units, times and dates, as digits and in the words of six languages.

A claim of "3 years" needs a document's "36 months" as well as its "three years", but not its
"3 months". A number without a unit is content with one that has none either, or counts the same.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

import regex

from app.features.answers.grounding.statements.terms import Term
from app.features.answers.grounding.statements.tokens import Token
from app.features.answers.grounding.statements.words import (
    TABLES,
    fold,
    is_filler,
    keys_of,
    row,
    stem,
)

_NUMBERS: Final = keys_of("numbers")
_SHY_NUMBERS: Final = keys_of("shy_numbers")
_TENS: Final = keys_of("tens")
_ONES: Final = keys_of("ones")
_SCALES: Final = keys_of("scales")
_UNITS: Final = {
    word: (unit, dimension, Decimal(factor))
    for unit, (dimension, factor, words) in TABLES["units"].items()
    for word in (*words.casefold().split(), *fold(words).split())
}
_DURATIONS: Final = frozenset({"s", "min", "hour", "day", "week", "month", "year"})
_LONG: Final = ("jahrig", "monatig", "wochig", "tagig", "stundig", "minutig")  # "dreijährig"
_RANGE: Final = row("to") | row("joints")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "er", "ere", "eme", "e", "x"})
_GROUPING: Final = regex.compile(r"['’ \u00A0\u202F]")
_SIGN: Final = regex.compile("[.,]")
_MOST_DIGITS: Final = 30
_NEAR: Final = 7  # tokens in which a number's unit stands


def number(tokens: Sequence[Token], place: int, used: set[int]) -> Term | None:
    """A number in digits with its unit; None for a code such as "4K".

    Args:
        tokens: those of the sentence.
        place: where the number is.
        used: the places of tokens that belong to one before; the unit's is added.
    """
    token = tokens[place]
    tail = token["tail"].replace(" ", "").casefold()
    hyphened = tail.partition("-")[2]
    if tail[:1].isalpha() and not {tail, hyphened} & (_UNITS.keys() | _ORDINALS | _SCALES.keys()):
        return None
    values = ["-" * bool(token["sign"]) + value for value in _values(token["digits"])]
    if scale := _SCALES.get(tail):
        values = [_plain(Decimal(value) * int(scale)) for value in values]
    unit = tail if tail in _UNITS else token["before"].strip()
    return _quantity(tokens, place, values, unit, used)


def spelled(tokens: Sequence[Token], place: int, used: set[int]) -> Term | None:
    """A number in words with its unit; None where the token is none."""
    word = tokens[place].folded
    if value := _value_of(word):
        following = tokens[place + 1].folded if place + 1 < len(tokens) else ""
        if following in _SCALES:
            used.add(place + 1)
            value = str(int(value) * int(_SCALES[following]))
        elif _is_and_a_half(tokens, place):
            used.update(range(place + 1, place + 4))
            return _quantity(tokens, place + 3, [f"{value}.5"], "", used)
        elif int(value) >= 20 and (ones := _ones_after(tokens, place)):
            used.update(range(place + 1, ones + 1))
            value = str(int(value) + int(_NUMBERS[tokens[ones].folded]))
        return _quantity(tokens, place, [value], "", used)
    for ending in _LONG:
        head, found, _ = word.partition(ending)
        if found and (value := _value_of(head) or _SHY_NUMBERS.get(head)):
            return _quantity(tokens, place, [value], ending, used)
    if value := _SHY_NUMBERS.get(word):
        return _shy(tokens, place, value, used)
    return None


def _shy(tokens: Sequence[Token], place: int, value: str, used: set[int]) -> Term | None:
    """A number word that is another word, too: a number right before a unit.

    "An hour" is an hour, but no claim is judged by an article; "29 euros a month" is a rate.
    """
    token = tokens[place]
    unit = _unit_after(tokens, place)
    rate = value == "1" and (place - 1 in used or (place and tokens[place - 1].kind == "number"))
    if unit and unit[1] == place + 1 and not rate:
        term = _quantity(tokens, place, [value], "", used)
        if value != "1":
            return term
        offered = term.offers | {f"rate:{_UNITS[unit[0]][0]}"}  # "two lessons a week"
        return Term("number", term.text, term.start, frozenset(), offered, term.dimension)
    if value == "1":
        return None
    return Term("number", token.text, token.start, frozenset(), frozenset({f"n:{value}"}))


def clock(token: Token) -> Term:
    """A time of day; "6" may be said of 18:00."""
    hour, minute = int(token["hour"]), int(token["minute"] or 0)
    spoken, half = hour, token["half"].lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    exact = {f"clock:{hour}:{minute}"}
    offered = exact | {f"hour:{hour}", f"hour:{(hour - 1) % 12 + 1}", f"hour:{minute}"}
    if half:
        offered.add(f"clock:{spoken}:{minute}")
    needed = exact if minute else exact | {f"n:{spoken}"}
    return Term("number", token.text, token.start, frozenset(needed), frozenset(offered), "clock")


def dated(token: Token) -> Iterator[Term]:
    """Day, month and year of a numeric date; which is the day differs between countries."""
    first, second, third = regex.split("[./-]", token.text)
    year, others = (first, (second, third)) if len(first) == 4 else (third, (first, second))
    months = {f"month:{int(other)}" for other in others}
    for key in (f"n:{year}", *(f"n:{int(other)}" for other in others)):
        needed = {key, "month" + key[1:]} if key != f"n:{year}" else {key}
        yield Term("number", token.text, token.start, frozenset(needed), frozenset({key, *months}))


def duration(word: str) -> str | None:
    """The unit of time that a folded word names: "month" for "Monaten"."""
    unit = _UNITS.get(word)
    return unit[0] if unit and unit[0] in _DURATIONS else None


def _quantity(
    tokens: Sequence[Token], place: int, values: Sequence[str], unit: str, used: set[int]
) -> Term:
    """A number with its unit, which may stand after it or after the next number of a range."""
    token = tokens[place]
    if not unit and (found := _unit_after(tokens, place)):
        unit, at = found
        if all(tokens[between].kind != "number" for between in range(place + 1, at + 1)):
            used.add(at)
    if not unit:
        noun = _noun_after(tokens, place)
        bare = {f"n:{value}" for value in values}
        model, is_name = _model_before(tokens, place)
        models = (
            {f"model:{model} {value}" for value in values} if model and not noun else set[str]()
        )
        spoken = {f"n:{value}u" for value in values} | {f"hour:{value}" for value in values}
        needed = models if is_name and models else bare if noun else bare | spoken
        offered = bare if noun else bare | models | {f"n:{value}*" for value in values}
        dimension = f"noun:{stem(noun)}" if noun else ""
    else:
        name, dimension, factor = _UNITS[unit]
        measures = {f"{dimension}:{_plain(Decimal(value) * factor)}" for value in values}
        hours = {f"clock:{value}:0" for value in values} if name == "hour" else set[str]()
        needed = measures | {f"n:{value}*" for value in values}
        offered = measures | {f"n:{value}u" for value in values} | hours
    return Term("number", token.text, token.start, frozenset(needed), frozenset(offered), dimension)


def _unit_after(tokens: Sequence[Token], place: int) -> tuple[str, int] | None:
    """The unit among the next words, and where it stands."""
    words = 0
    for at in range(place + 1, min(place + _NEAR, len(tokens))):
        token = tokens[at]
        if token.kind == "number" and tokens[at - 1].folded in _RANGE:
            unit = (token["tail"] or token["before"]).strip().casefold()
            if unit in _UNITS:
                return unit, at
        elif token.folded in _NUMBERS or _goes_on(tokens, at):
            continue
        else:
            unit = next((u for u in (token.text.casefold(), token.folded) if u in _UNITS), "")
            if unit and (not words or _UNITS[unit][0] in _DURATIONS):
                return unit, at
            words += 1
            if token.kind != "word" or is_filler(token.folded) or words > 2:
                return None
    return None


def _goes_on(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is the "to" of "3 to 5" or the hyphen of "24-month"."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    numbered = following is not None and (
        following.kind == "number" or following.folded in _NUMBERS
    )
    return tokens[at].text == "-" or (numbered and tokens[at].folded in _RANGE)


def _noun_after(tokens: Sequence[Token], place: int) -> str:
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following is None or following.kind != "word" or is_filler(following.folded):
        return ""
    return following.folded


def _model_before(tokens: Sequence[Token], place: int) -> tuple[str, bool]:
    """The "Hub" of "Hub 3", and whether it is written as a name inside a sentence."""
    before = tokens[place - 1] if place else None
    if before is None or before.kind != "word" or is_filler(before.folded):
        return "", False
    return stem(before.folded), before.text[0].isupper() and place > 1


def _value_of(word: str) -> str | None:
    """The value of a number word: of "fünfundzwanzig" as well."""
    if value := _NUMBERS.get(word):
        return value
    for joint in ("und", "en"):
        for ones, found, tens in (word.partition(joint), word.rpartition(joint)):
            if found and ones in _ONES and tens in _TENS:
                return str(int(_TENS[tens]) + int(_ONES[ones]))
    return None


def _is_and_a_half(tokens: Sequence[Token], place: int) -> bool:
    return [token.folded for token in tokens[place + 1 : place + 4]] == ["and", "a", "half"]


def _ones_after(tokens: Sequence[Token], place: int) -> int | None:
    """Where the five of "twenty-five" stands."""
    at = place + 1
    if at < len(tokens) and tokens[at].folded in ("-", "y", "et"):
        at += 1
    following = tokens[at].folded if at < len(tokens) else ""
    return at if len(_NUMBERS.get(following, "10")) == 1 else None


def _values(digits: str) -> list[str]:
    """What digits with separators may mean, whatever the language's custom."""
    written = _GROUPING.sub("", digits)
    signs, groups = _SIGN.findall(written), _SIGN.split(written)
    if len(written) > _MOST_DIGITS:
        return [written]
    if not signs:
        return [_plain(Decimal(written))]
    grouped = all(len(group) == 3 for group in groups[1:]) and 0 < len(groups[0]) <= 3
    joined = _plain(Decimal("".join(groups)))
    if len(signs) > 1 and len(set(signs)) == 1:
        return [joined] if grouped else [written]
    decimal = _plain(Decimal("".join(groups[:-1]) + "." + groups[-1]))
    return [joined, decimal] if len(signs) == 1 and grouped and groups[0] != "0" else [decimal]


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
