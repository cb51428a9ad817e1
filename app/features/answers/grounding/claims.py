"""Whether an answer's claims are supported by what it cites, judged without a model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from app.features.answers.grounding.citations import MOST_CLAIMS, Citation
from app.features.answers.grounding.contradictions import is_mixed_up, is_negated, is_swapped
from app.features.answers.grounding.evidence import Evidence, Unit, overlap
from app.features.answers.grounding.statements import Reading, Term, claims_in, language_of, read
from app.features.answers.grounding.statements.sentences import telling
from app.features.answers.grounding.statements.words import fold
from app.knowledge.sources import Passage

Reason = Literal["fact", "name", "words", "mixed_up", "negation"]

_NEEDED_SHARE: Final = 0.5
_CONDITION_SHARE: Final = 1 / 3
_CONDITION_WORDS: Final = 3
_RUN: Final = 8  # words
_MODEL: Final = re.compile(
    r"\b[A-Z][\w-]* (?:[A-Z][\w-]* \d{1,4}|(?:Two|Three|Four|Five|Six|II|III|IV|VI?))\b"
    r"(?! (?:years?|months?|weeks?|days?|hours?|times)\b)"  # "my Inkwell Pro 2 years ago"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer.

    Attributes:
        text: the sentence.
        reason: what is wrong with it.
    """

    text: str
    reason: Reason


def unsupported(
    question: str,
    answer: str,
    cited: Sequence[Citation],
    passages: Sequence[Passage],
    *,
    same_language: bool = True,
) -> list[Claim]:
    """The claims of an answer that what it cites does not support, judged by this rule.

    A claim is a sentence that states something. A sentence of a cited passage, word for word, is
    supported. Any other claim is unsupported

    - ``fact``: if a number with its unit, a time, a date, a code or an address is not in the cited
      passages. Numbers may be the question's, but weekdays and months only to deny them;
    - ``words``: if they have less than half of its facts and content words, or less than a third
      of a further clause's, or if they are none;
    - ``name``: if no passage nor the question has a name of it (not in German, where all nouns
      have a capital);
    - ``mixed_up``: if the passages say it of something else: another number of the same kind fits
      its words better, or another name, code or modifier stands with them;
    - ``negation``: if the passage's clause that is nearest to one of it denies what it affirms,
      or the other way round.

    Args:
        question: what was asked.
        answer: what was answered.
        cited: its citations; the whole passages that they stand in count.
        passages: all passages that the model was given.
        same_language: whether answer and passages are in one language. If not, only facts are
            judged.
    """
    asked = read(question)
    evidence = Evidence(dict.fromkeys(citation.passage for citation in cited))
    everything = Evidence(passages)
    names = language_of(answer) != "de"
    found: list[Claim] = []
    claims = claims_in(answer)
    for claim in claims[:MOST_CLAIMS]:
        if any(_is_quote(claim.text, unit) for unit in evidence.units):
            continue
        reason = _unknown(claim.reading, asked, evidence, same_language=same_language)
        if not reason and same_language:
            reason = _contradicted(claim.reading, asked, everything, names=names)
        if reason:
            found.append(Claim(claim.text, reason))
    return found + [Claim(claim.text, "words") for claim in claims[MOST_CLAIMS:]]


def _is_quote(text: str, unit: Unit) -> bool:
    """Whether a claim is a sentence of a passage, but for white space."""
    quoted = unit.passage.source.text[unit.start : unit.end]
    return text.split() == quoted.split()


def _unknown(
    claim: Reading, asked: Reading, evidence: Evidence, *, same_language: bool
) -> Reason | None:
    """What of a claim the cited passages do not have."""
    for clause in claim.clauses:
        denied = bool(clause.negated) or claim.says == "no"
        facts = [term for term in clause.terms if term.is_fact]
        if not all(_is_known(fact, asked, evidence, denied=denied) for fact in facts):
            return "fact"
    if not evidence.units or (same_language and not _has_words(claim, asked, evidence)):
        return "words"
    return None


def _contradicted(
    claim: Reading, asked: Reading, evidence: Evidence, *, names: bool
) -> Reason | None:
    """What of a claim no passage has, or the passages say otherwise."""
    known = evidence.offers | asked.offers
    if names and any(term.kind == "name" and not term.is_in(known) for term in claim.terms):
        return "name"
    if is_swapped(claim, evidence, names=names) or is_mixed_up(claim, asked, evidence):
        return "mixed_up"
    return "negation" if is_negated(claim, asked, evidence, names=names) else None


def _is_known(fact: Term, asked: Reading, evidence: Evidence, *, denied: bool) -> bool:
    """Whether the passages have a fact.

    A number may be the question's; but to say that it is open on the day that was asked for takes
    a passage.
    """
    if fact.is_in(evidence.offers):
        return True
    if fact.kind != "number" or not fact.is_in(asked.offers):
        return False
    return denied or not any(key.startswith(("weekday:", "month:")) for key in fact.needs)


def _has_words(claim: Reading, asked: Reading, evidence: Evidence) -> bool:
    words = list(dict.fromkeys(filter(telling, claim.terms)))
    repeated = [t for t in words if t.is_in(asked.offers) and not t.is_in(evidence.offers)]
    facts = sum(term.is_fact for term in claim.terms)
    held = facts + sum(term.is_in(evidence.offers) for term in words)
    if held < _NEEDED_SHARE * (facts + len(words) - len(repeated) / 2):
        return False
    for clause in claim.clauses[1:]:
        told = [term for term in clause.terms if telling(term) and term not in repeated]
        if len(told) >= _CONDITION_WORDS and overlap(told, evidence.offers) < _CONDITION_SHARE:
            return False
    return True


def is_on_topic(question: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages are about what is asked.

    True where one of them has half of the question's content words, and they have all of its
    codes (``E7``), addresses, and names with a number (``Inkwell Pro 2``).
    """
    if not _models_in(question) <= {model for p in passages for model in _models_in(_whole(p))}:
        return False
    asked = read(question)
    evidence = Evidence(passages)
    if any(t.is_fact and t.kind != "number" and not t.is_in(evidence.offers) for t in asked.terms):
        return False
    words = list(dict.fromkeys(term for term in asked.terms if term.kind in ("word", "name")))
    return any(overlap(words, Evidence([p]).offers) >= _NEEDED_SHARE for p in passages)


def _models_in(text: str) -> set[str]:
    return {" ".join(found.casefold().split()) for found in _MODEL.findall(text)}


def _whole(passage: Passage) -> str:
    return "\n".join((passage.source.title, *passage.heading, passage.text))


def leaks(answer: str, instruction: str) -> bool:
    """Whether an answer gives away eight words or more of the instruction in a row.

    Case, accents, white space and marks around words do not matter.
    """
    return not _kept_runs(instruction).isdisjoint(_runs(answer))


@lru_cache(maxsize=8)
def _kept_runs(instruction: str) -> set[tuple[str, ...]]:
    return _runs(instruction)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [fold(token) for token in text.replace("’", "'").split()]
    bare = [word for token in words if (word := token.strip(".,:;!?\"'()[]{}*_“”«»"))]
    return {tuple(bare[place : place + _RUN]) for place in range(len(bare) - _RUN + 1)}
