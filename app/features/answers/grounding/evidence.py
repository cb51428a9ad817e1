"""The sentences of passages, and which of them supports a claim best."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.features.answers.grounding.statements import Reading, Term, language_of, read, sentences
from app.knowledge.sources import Passage

_MOST: Final = 2_000  # sentences of all passages; what comes after them supports nothing
_NEAREST: Final = 24  # sentences that are compared with a claim closely
_MOST_OF_A_CLAIM: Final = 3  # sentences
_ENOUGH: Final = 0.3  # of a claim's weight, for the first of them
_MORE: Final = 0.2  # of it, for each further one
_FACT: Final = 3.0  # weight; a word of medium rarity weighs about 1
_NAME: Final = 1.0
_ASKED: Final = 0.3  # share of a word's weight that only the question has
_TITLE: Final = 0.8  # share of a word's weight if it stands in the title or a heading only


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A sentence of a passage.

    Attributes:
        passage: the passage.
        start, end: where it stands in the source's text.
        reading: what it says.
        titles: what the title and the headings say.
        before: what the sentence before it in the passage says.
    """

    passage: Passage
    start: int
    end: int
    reading: Reading
    titles: Reading
    before: Reading


@lru_cache(maxsize=256)
def units_of(passage: Passage) -> tuple[Unit, ...]:
    """The sentences of a passage in order."""
    titles = read(". ".join((passage.source.title, *passage.heading)))
    language = passage.source.language or language_of(passage.text)
    found: list[Unit] = []
    before = read("")
    for sentence in sentences(passage.text, language)[:_MOST]:
        start, end = passage.start + sentence.start, passage.start + sentence.end
        found.append(Unit(passage, start, end, sentence.reading, titles, before))
        before = sentence.reading
    return tuple(found)


class Evidence:
    """The sentences of passages.

    Attributes:
        units: all of them.
        offers: the keys of all of them, and of the titles and headings.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.units = [unit for passage in passages for unit in units_of(passage)][:_MOST]
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, unit in enumerate(self.units):
            for key in unit.reading.offers | unit.titles.offers:
                self._places[key].append(place)
        self.offers = frozenset(self._places)

    def weight(self, term: Term) -> float:
        """How much a term tells: a word or name more if few sentences have it."""
        if term.is_fact:
            return _FACT
        count = max((len(self._places.get(key, ())) for key in term.needs), default=0)
        rarity = math.log(2 + len(self.units) / (1 + count))
        return rarity + (_NAME if term.kind == "name" else 0)

    def nearest(self, terms: Iterable[Term]) -> list[Unit]:
        """The sentences that share most with some terms, the best first."""
        scores = defaultdict[int, float](float)
        for term in terms:
            weight = self.weight(term)
            places = {place for key in term.needs for place in self._places.get(key, ())}
            for place in places:
                scores[place] += weight
        best = sorted(scores, key=lambda place: (-scores[place], place))
        return [self.units[place] for place in best[:_NEAREST]]

    def cover(self, claim: Reading, asked: Reading) -> list[Unit]:
        """The sentences that support a claim, the best first; none where support is weak."""
        said = [term for term in claim.terms if term.needs]
        if not said and claim.says:
            said, asked = [term for term in asked.terms if term.needs], read("")
        weights = {term: self.weight(term) for term in dict.fromkeys(said)}
        hints = {term: self.weight(term) * _ASKED for term in asked.terms if term.needs}
        total = sum(weights.values())
        candidates = self.nearest((*said, *hints))
        chosen: list[Unit] = []
        while weights and len(chosen) < _MOST_OF_A_CLAIM:
            gains = [(_gain(unit, weights), _gain(unit, hints), unit) for unit in candidates]
            gain, _, best = max(gains, key=lambda each: each[0] + each[1], default=(0, 0, None))
            if best is None or gain < (_MORE if chosen else _ENOUGH) * total:
                break
            chosen.append(best)
            held = best.reading.offers | best.titles.offers
            weights = {term: weight for term, weight in weights.items() if not term.is_in(held)}
        return chosen


def _gain(unit: Unit, weights: dict[Term, float]) -> float:
    text = sum(weight for term, weight in weights.items() if term.is_in(unit.reading.offers))
    titles = sum(
        weight
        for term, weight in weights.items()
        if term.is_in(unit.titles.offers) and not term.is_in(unit.reading.offers)
    )
    return text + _TITLE * titles if text else 0.0


def overlap(terms: Sequence[Term], offered: frozenset[str]) -> float:
    """The share of some terms that is offered, 0 to 1; 1 of none."""
    return sum(term.is_in(offered) for term in terms) / len(terms) if terms else 1.0
