"""A sentence's terms, by clause."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import regex

from app.features.answers.grounding.statements import quantities, words
from app.features.answers.grounding.statements.terms import Kind, Term
from app.features.answers.grounding.statements.tokens import Token, tokens_of
from app.features.answers.grounding.statements.words import TABLES, fold, keys_of, row

_MONTHS: Final = {
    word: number for number, names in enumerate(TABLES["months"], 1) for word in fold(names).split()
}
_SHY_MONTHS: Final = frozenset({"march", "may", "mars", "mai", "mei", "marzo", "marz"})
_NO_MONTHS: Final = frozenset({"may", "march"})  # in small letters
_WEEKDAYS: Final = {
    word: number for number, names in enumerate(TABLES["weekdays"]) for word in fold(names).split()
}
_SHORTEST_NAME: Final = 4  # letters: "mon" and "dec" may be anything
_TO: Final = row("to")
_RATES: Final = keys_of("rates")
_PER: Final = row("per") | {"/"}
_SENTENCE_STARTS: Final = frozenset('.!?:;•·|"“„»«([')
_NAMED: Final = row("named")  # fillers that products are called
_OPPOSITES: Final = {word: fold(key) for word, key in keys_of("opposites").items()}
_SCOPE: Final = 12  # tokens, how far a negation may stand from what it denies
_NEGATIONS: Final = row("negations")
_HEDGES: Final = row("hedges")
_BOUNDARIES: Final = row("contrasts") | frozenset(",;()–—|")
_JOINTS: Final = row("joints")
_NO_NEGATION: Final = regex.compile(  # "no later than" says "at the latest"; in folded words
    r"\b(?:(?:no|not) (?:more|less|later|longer|earlier|only|just)|nicht (?:mehr|langer|nur)"
    r"|pas plus de|no mas de|non piu di|niet (?:meer|langer|alleen))\b"
)
_SAID: Final = {"yes": row("yes"), "no": row("no")}
_CONTRACTED: Final = regex.compile(r"n['’]t\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence that says something by itself.

    Attributes:
        terms: what it says.
        offers: the keys of all terms.
        negated: of each negation, the nearest content word or number; none in an affirmation.
        hedged: whether it says "only", "unless" and the like, so that what is denied cannot be
            told.
    """

    terms: tuple[Term, ...]
    offers: frozenset[str]
    negated: tuple[Term, ...]
    hedged: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence says.

    Attributes:
        clauses: its parts in order.
        terms: the terms of all of them.
        offers: the keys of all of them.
        pairs: the stems of neighbouring content words.
        says: "yes" or "no" where it begins so; empty otherwise.
    """

    clauses: tuple[Clause, ...]
    terms: tuple[Term, ...]
    offers: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    says: str = ""


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """What a sentence says; the time is linear in it."""
    tokens = tokens_of(text)
    terms: list[list[Term]] = [[] for _ in tokens]
    used: set[int] = set()
    for place in range(len(tokens)):
        if place not in used:
            terms[place] = list(_terms(tokens, place, used))
    for place, days in _between_weekdays(tokens):
        terms[place].append(days)
    cuts = [0, *_cuts(tokens, terms), len(tokens)]
    clauses = tuple(_clause(tokens[start:end], terms[start:end]) for start, end in pairwise(cuts))
    every = tuple(term for found in terms for term in found)
    says = next((key for key in ("yes", "no") if tokens and tokens[0].folded in _SAID[key]), "")
    return Reading(clauses, every, _offers(every), frozenset(_pairs(terms)), says)


def _offers(terms: Sequence[Term]) -> frozenset[str]:
    return frozenset[str]().union(*(term.offers for term in terms))


def _clause(tokens: Sequence[Token], terms: Sequence[Sequence[Term]]) -> Clause:
    every = tuple(term for found in terms for term in found)
    written = " ".join(token.folded for token in tokens)
    hedged = _NO_NEGATION.search(written) is not None
    negated: list[Term] = []
    for place, token in enumerate(tokens):
        hedged = hedged or token.folded in _HEDGES
        if token.folded in _OPPOSITES:
            negated += terms[place]
        elif token.folded in _NEGATIONS or _is_contracted(tokens, place):
            after = terms[place + 1 : place + 1 + _SCOPE]
            told = [*after, *reversed(terms[max(place - _SCOPE, 0) : place])]
            negated += next((found[:1] for found in told if found and found[0].needs), ())
    return Clause(every, _offers(every), tuple(negated), hedged)


def _is_contracted(tokens: Sequence[Token], place: int) -> bool:
    """Whether a token is the t of "isn't"."""
    if tokens[place].folded != "t" or place < 2:
        return False
    return tokens[place - 1].text in "'’" and tokens[place - 2].folded.endswith("n")


def _cuts(tokens: Sequence[Token], terms: Sequence[Sequence[Term]]) -> Iterator[int]:
    """Where clauses begin: at a mark or a conjunction, and at an "and" between two numbers."""
    joint = None
    numbered = False
    for place, token in enumerate(tokens):
        if token.folded in _BOUNDARIES and place:
            yield place
            joint, numbered = None, False
        elif token.folded in _JOINTS and numbered:
            joint = place
        elif any(term.is_fact for term in terms[place]):
            if joint is not None:
                if place - joint > 0 and tokens[joint - 1].kind != "number":
                    yield joint
                joint = None
            numbered = True


def _pairs(terms: Sequence[Sequence[Term]]) -> Iterator[tuple[str, str]]:
    for first, second in pairwise(terms):
        if first and second and not (first[-1].is_fact or second[0].is_fact):
            yield words.stem(first[-1].text), words.stem(second[0].text)


def _terms(tokens: Sequence[Token], place: int, used: set[int]) -> Iterator[Term]:
    """The terms of a token; notes the tokens after it that belong to it."""
    token = tokens[place]
    match token.kind:
        case "url":
            yield _address(token)
        case "email":
            yield _exact("address", token, f"mail:{token.folded.rstrip('.')}")
        case "phone":
            yield _exact("address", token, "tel:" + "".join(filter(str.isdecimal, token.text)))
        case "date":
            yield from quantities.dated(token)
        case "time":
            yield quantities.clock(token)
        case "code":
            yield _code(token)
        case "number":
            yield quantities.number(tokens, place, used) or _code(token)
        case "word":
            yield from _of_word(tokens, place, used)
        case _:
            pass


def _exact(kind: Kind, token: Token, key: str) -> Term:
    return Term(kind, token.text, token.start, frozenset({key}), frozenset({key}))


def _code(token: Token) -> Term:
    return _exact("code", token, "code:" + token.folded.replace("-", ""))


def _address(token: Token) -> Term:
    """A web address; a page's address offers those of the pages above it."""
    bare = token.folded.partition("://")[2] or token.folded
    bare = bare.removeprefix("www.").rstrip(".,:;!?'’*…)]/")
    steps = bare.split("/", 10)[:10]
    above = {"url:" + "/".join(steps[:count]) for count in range(1, len(steps) + 1)}
    keys = frozenset({f"url:{bare}"})
    return Term("address", token.text, token.start, keys, keys | above)


def _of_word(tokens: Sequence[Token], place: int, used: set[int]) -> Iterator[Term]:
    token = tokens[place]
    word = token.folded
    if word in _WEEKDAYS:
        yield _day(token)
    elif word in _MONTHS and token.text not in _NO_MONTHS:
        yield _month(tokens, place)
    elif rate := _rate(tokens, place):
        yield _exact("number", token, f"rate:{rate}")
    elif found := quantities.spelled(tokens, place, used):
        yield found
    else:
        before = tokens[place - 1].text if place else "."
        named = token.text[0].isupper() and before not in _SENTENCE_STARTS
        if words.is_filler(word) and not (named and word in _NAMED):
            return
        kind: Kind = "name" if named else "word"
        for part in words.comparable(_OPPOSITES.get(word, word)):
            yield Term(kind, part, token.start, words.needs(part), words.offers(part))


def _day(token: Token) -> Term:
    keys = frozenset({f"weekday:{_WEEKDAYS[token.folded]}"})
    needed = keys if len(token.text) >= _SHORTEST_NAME else frozenset[str]()
    return Term("number", token.text, token.start, needed, keys)


def _between_weekdays(tokens: Sequence[Token]) -> Iterator[tuple[int, Term]]:
    """The days that "Monday to Friday" leaves out, with the place of the "to"."""
    for place in range(1, len(tokens) - 1):
        first, last = (_WEEKDAYS.get(tokens[at].folded) for at in (place - 1, place + 1))
        if first is not None and last is not None and tokens[place].folded in _TO:
            days = (day % 7 for day in range(first, last + (1 if last >= first else 8)))
            keys = frozenset(f"weekday:{day}" for day in days)
            yield place, Term("number", "", tokens[place].start, frozenset(), keys)


def _month(tokens: Sequence[Token], place: int) -> Term:
    token = tokens[place]
    keys = frozenset({f"month:{_MONTHS[token.folded]}"})
    near = (*tokens[max(place - 2, 0) : place], *tokens[place + 1 : place + 2])
    dated = any(other.kind == "number" for other in near)
    shy = token.folded in _SHY_MONTHS and not (place and token.text in ("May", "March"))
    plain = not shy and (len(token.text) >= _SHORTEST_NAME or token.text == "May")
    return Term("number", token.text, token.start, keys if dated or plain else frozenset(), keys)


def _rate(tokens: Sequence[Token], place: int) -> str | None:
    """The month of "monthly" and of "per month"."""
    word = tokens[place].folded
    if word in _RATES:
        return _RATES[word]
    return quantities.duration(word) if place and tokens[place - 1].folded in _PER else None
