"""Claims that say the opposite of the passages, or put together what does not belong together."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.features.answers.grounding.evidence import Evidence, Unit, overlap
from app.features.answers.grounding.statements import Clause, Reading, Term
from app.features.answers.grounding.statements.words import stem

_OTHER: Final = 0.7  # share of a term's weight in another clause of the claim
_ASKED: Final = 0.4  # in the question only
_LATER: Final = 0.7  # in a later clause
_RIVAL_LATER: Final = 0.2  # in a later clause that has a number of the same kind
_RIVAL: Final = 0.5  # in an earlier one, where what it says does not go on
_WHOLE: Final = 2  # terms from which on a clause says all by itself
_TITLE: Final = 0.5
_BEFORE: Final = 0.3  # in the sentence before
_PART: Final = 0.5  # of a compound
_PAIR: Final = 1.0  # weight of two neighbouring words
_COUNTED: Final = 1.5  # weight of the thing that is counted
_BETTER: Final = 1.1  # how much better another number has to fit
_MUCH_BETTER: Final = 1.4  # if the claim has the other number, too
_GOES_ON: Final = 0.9  # share of a term's weight in the title or an earlier clause
_ABOUT: Final = 0.6  # share of a clause's words from which on a sentence is about the same
_NEAR: Final = 0.9  # share of the best score from which on a clause fits as well

Weights = dict[Term, float]


def is_mixed_up(claim: Reading, asked: Reading, evidence: Evidence) -> bool:
    """Whether a number of a claim was taken from the wrong place.

    It is if another number of the same kind stands in a clause that fits the claim's other words
    clearly better: in "the Link costs 89 euros" the price of the Hub.
    """
    units = evidence.nearest([term for term in (*claim.terms, *asked.terms) if term.needs])
    for clause in claim.clauses:
        for fact in clause.terms:
            if fact.is_fact and fact.dimension:
                context = _context(fact, clause, claim, asked, evidence)
                own, rival = _fits(fact, context, claim, units)
                if own is not None and rival > own:
                    return True
    return False


def _context(
    fact: Term, clause: Clause, claim: Reading, asked: Reading, evidence: Evidence
) -> Weights:
    """What else the claim and the question say, by weight."""
    weights: Weights = {}
    new = [term for term in asked.terms if not term.is_in(claim.offers)]
    for share, terms in ((_ASKED, new), (_OTHER, claim.terms), (1.0, clause.terms)):
        for term in terms:
            if term.needs and term.dimension != fact.dimension:
                weights[term] = share * evidence.weight(term)
    return weights


def _fits(
    fact: Term, context: Weights, claim: Reading, units: Sequence[Unit]
) -> tuple[float | None, float]:
    """How well the best place of a number fits, and the best one of another number."""
    own, rival = None, 0.0
    needed = frozenset[str]().union(*(term.needs for term in claim.terms if term.is_fact))
    for unit in units:
        pairs = _PAIR * len(claim.pairs & unit.reading.pairs)
        for place, clause in enumerate(unit.reading.clauses):
            for term in clause.terms:
                same_kind = term.dimension == fact.dimension
                counted = _COUNTED if same_kind and fact.dimension.startswith("noun:") else 0
                if fact.is_in(term.offers):
                    own = max(own or 0.0, _fit(unit, place, fact, context) + pairs + counted)
                elif same_kind:
                    fit = _fit(unit, place, fact, context) + pairs + counted
                    claimed = not term.offers.isdisjoint(needed)
                    rival = max(rival, fit / (_MUCH_BETTER if claimed else _BETTER))
    return own, rival


def _fit(unit: Unit, place: int, fact: Term, context: Weights) -> float:
    """How much of a context a clause of a sentence has, with what stands around it."""
    clause = unit.reading.clauses[place]
    whole = sum(term.is_in(clause.offers) for term in context) >= _WHOLE
    around = [(1.0, clause.offers), (_TITLE, unit.titles.offers), (_BEFORE, unit.before.offers)]
    for at, other in enumerate(unit.reading.clauses):
        rival = next((t.start for t in other.terms if t.dimension == fact.dimension), None)
        if at > place:
            around.append((_LATER if rival is None else _RIVAL_LATER, other.offers))
        elif at < place:
            going_on = [t for t in other.terms if rival is None or (t.start < rival and not whole)]
            around += [(1.0, _offers(going_on)), (_RIVAL, other.offers)]
    return sum(
        weight * max((share for share, offers in around if term.is_in(offers)), default=0)
        for term, weight in context.items()
    )


def is_swapped(claim: Reading, evidence: Evidence, *, names: bool) -> bool:
    """Whether what a claim says of one thing is said of another.

    It is if the sentences that have most of a clause's other words lack its code, name or
    modifier (the "green" of "green light") and have one of their own instead that the claim
    lacks, and another sentence has that of the claim.

    Args:
        claim: what is claimed.
        evidence: what it may rest on.
        names: whether a capital inside a sentence makes a name; not so in German.
    """
    kinds = ("name", "code") if names else ("code",)
    for clause in claim.clauses:
        named = [term for term in clause.terms if term.kind in kinds]
        others = [term for term in clause.terms if term.needs and term.kind not in kinds]
        if others and any(name.is_in(evidence.offers) for name in named):
            about = _about(others, evidence)
            for name in named:
                if about and all(_lacks(unit, name, claim, kinds) for unit in about):
                    return True
        if any(_is_other(pair, clause, claim, evidence) for pair in claim.pairs):
            return True
    return False


def _is_other(pair: tuple[str, str], clause: Clause, claim: Reading, evidence: Evidence) -> bool:
    """Whether a pair of words stands for another one, such as "green light" for "yellow light"."""
    if not any(pair in unit.reading.pairs for unit in evidence.units):
        return False
    for modifier, at in ((pair[0], 1), (pair[1], 0)):
        others = [t for t in clause.terms if t.needs and stem(t.text) != modifier]
        about = _about(others, evidence) if len(others) < len(clause.terms) else []
        if about and all(_has_instead(unit, modifier, pair[at], at, claim) for unit in about):
            return True
    return False


def _has_instead(unit: Unit, modifier: str, head: str, at: int, claim: Reading) -> bool:
    offered = unit.reading.offers | unit.titles.offers
    return f"word:{modifier}" not in offered and any(
        pair[at] == head and f"word:{pair[1 - at]}" not in claim.offers
        for pair in unit.reading.pairs
    )


def _about(terms: Sequence[Term], evidence: Evidence) -> list[Unit]:
    """The sentences that have most of some terms, all about equally good."""
    scored = [
        (sum(evidence.weight(term) for term in terms if term.is_in(unit.reading.offers)), unit)
        for unit in evidence.nearest(terms)
        if overlap(terms, unit.reading.offers) >= _ABOUT
    ]
    best = max((score for score, _ in scored), default=0.0)
    return [unit for score, unit in scored if score >= _NEAR * best]


def _lacks(unit: Unit, name: Term, claim: Reading, kinds: Sequence[str]) -> bool:
    if name.is_in(unit.reading.offers | unit.titles.offers):
        return False
    return any(term.kind in kinds and not term.is_in(claim.offers) for term in unit.reading.terms)


def is_negated(claim: Reading, asked: Reading, evidence: Evidence, *, names: bool) -> bool:
    """Whether a claim denies what its nearest clause in the passages says, or the other way round.

    A bare "yes" or "no" claims what was asked; a clause of names alone claims nothing.
    """
    if not any(term.needs for term in claim.terms) and claim.says:
        terms = [term for term in asked.terms if term.needs]
        denied = tuple(terms) if claim.says == "no" else ()
        return _is_denied(terms, denied, asked, evidence)
    said = {"word"} if names else {"word", "name"}
    return any(
        _is_denied([t for t in clause.terms if t.needs], clause.negated, asked, evidence)
        for clause in claim.clauses
        if not clause.hedged and any(term.kind in said for term in clause.terms)
    )


def _is_denied(
    terms: Sequence[Term], negated: Sequence[Term], asked: Reading, evidence: Evidence
) -> bool:
    words = [term for term in terms if term.kind in ("word", "name")]
    if not words:
        return False
    said = _offers(terms)
    hints = [term for term in asked.terms if term.needs and not term.is_in(said)]
    scored = list(_alike(terms, words, hints, evidence))
    best = max((score for score, _ in scored), default=0.0)
    nearest = [clause for score, clause in scored if score >= _NEAR * best]
    return bool(nearest) and all(_opposes(clause, terms, negated) for clause in nearest)


def _alike(
    terms: Sequence[Term], words: Sequence[Term], hints: Sequence[Term], evidence: Evidence
) -> Iterator[tuple[float, Clause]]:
    """The clauses of the passages about the same, with how much they have of it."""
    facts = [term for term in terms if term.is_fact]
    for unit in evidence.nearest((*terms, *hints)):
        offered = unit.reading.offers | unit.titles.offers
        if overlap(words, offered) < _ABOUT or not overlap(facts, offered):
            continue
        earlier = frozenset[str]()
        for clause in unit.reading.clauses:
            if any(term.is_in(clause.offers) for term in words):
                around = ((1.0, clause.offers), (_GOES_ON, earlier | unit.titles.offers))
                score = sum(
                    share * evidence.weight(term) * _held(term, around)
                    for share, some in ((1.0, terms), (_ASKED, hints))
                    for term in some
                )
                yield score, clause
            earlier |= clause.offers


def _held(term: Term, around: Sequence[tuple[float, frozenset[str]]]) -> float:
    """The best share at which a term is held; "waterproof" is half held by "splash-proof"."""
    whole = f"word:{stem(term.text)}"
    return max(
        (
            share * (1.0 if term.is_fact or whole in offers else _PART)
            for share, offers in around
            if term.is_in(offers)
        ),
        default=0.0,
    )


def _opposes(clause: Clause, terms: Sequence[Term], negated: Sequence[Term]) -> bool:
    """Whether exactly one of both says no, and what is denied is what the other one says."""
    if clause.hedged or bool(clause.negated) == bool(negated):
        return False
    if negated:
        return any(term.is_in(clause.offers) for term in negated)
    return any(term.is_in(_offers(terms)) for term in clause.negated)


def _offers(terms: Sequence[Term]) -> frozenset[str]:
    return frozenset[str]().union(*(term.offers for term in terms))
