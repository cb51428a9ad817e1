"""What a change did to a feature: better, same, worse, or too few cases to tell."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal, get_args

from app.evaluation.kept import is_model_s_own
from app.evaluation.results import Evaluation, Outcome
from app.evaluation.statistics import (
    LEVEL,
    bootstrap,
    cases_needed,
    detectable,
    holm,
    mcnemar,
    sign_flip,
    tango,
)

Ruling = Literal["worse", "undecided", "better", "same"]
BY_WEIGHT: tuple[Ruling, ...] = get_args(Ruling)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean scores of the same cases on both sides, 0 to 1."""

    before: float
    after: float
    low: float  # of the 95 % interval of their difference
    high: float
    p: float  # that a difference as large comes about by chance

    @property
    def difference(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Change:
    """A case that came out otherwise: its mean score differs by more than the margin."""

    id: str
    input: dict[str, Any]
    before: float
    after: float
    moved: tuple[str, ...]  # what is expected and was met better or worse, by name
    answered: dict[str, Any] | str  # before, or a problem's code; of repeats, what differs most
    answers: dict[str, Any] | str  # likewise, after


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change did to one feature."""

    feature: str
    ruling: Ruling
    overall: Comparison
    adjusted_p: float  # the overall p after Holm over the features
    margin: float  # by how much the mean score may be lower without being worse
    cases: int
    clusters: int
    detectable: float  # smallest difference that these cases could show, four times of five
    more: int | None  # cases like these that would decide; None where decided, or none would
    broken: tuple[Change, ...]  # by the largest difference first
    fixed: tuple[Change, ...]
    metrics: Mapping[str, Comparison]  # of each thing that is expected, without a verdict
    unpaired: tuple[str, ...]  # ids of cases that only one side has, or whose server failed


_Pair = tuple[Sequence[Outcome], Sequence[Outcome]]
"""A case before and after, with its repeats."""


def judge(
    before: Sequence[Evaluation], after: Sequence[Evaluation], seed: int = 0
) -> list[Verdict]:
    """The verdicts of the features that both sides have cases of; order and margins of ``after``."""
    known = {one.feature: one for one in before}
    both = [(known[one.feature], one) for one in after if one.feature in known]
    paired = [(old, new, pairs) for old, new in both if (pairs := _pairs(old, new))]
    overall = [_compare(*_scored(pairs.values()), seed) for _, _, pairs in paired]
    adjusted = holm([each.p for each in overall])
    return [
        _verdict(*each, compared, p, seed)
        for each, compared, p in zip(paired, overall, adjusted, strict=True)
    ]


def _verdict(
    before: Evaluation,
    after: Evaluation,
    pairs: Mapping[str, _Pair],
    overall: Comparison,
    adjusted_p: float,
    seed: int,
) -> Verdict:
    scored, clusters = _scored(pairs.values())
    differences = [new - old for old, new in scored]
    interval = (overall.low, overall.high)
    changes = [
        _change(case, pair)
        for (case, pair), each in zip(pairs.items(), differences, strict=True)
        if abs(each) > after.margin
    ]
    changes.sort(key=lambda change: abs(change.after - change.before), reverse=True)
    ids = {one.id for each in (before, after) for one in each.outcomes}
    ruling = _ruling(overall, adjusted_p, after.margin)
    needed = cases_needed(differences, clusters, interval, after.margin)
    return Verdict(
        feature=after.feature,
        ruling=ruling,
        overall=overall,
        adjusted_p=adjusted_p,
        margin=after.margin,
        cases=len(pairs),
        clusters=len(set(clusters)),
        detectable=detectable(interval),
        more=max(1, needed - len(pairs)) if needed and ruling == "undecided" else None,
        broken=tuple(change for change in changes if change.after < change.before),
        fixed=tuple(change for change in changes if change.after > change.before),
        metrics=_by_metric(pairs.values(), seed),
        unpaired=tuple(sorted(ids - pairs.keys())),
    )


def _ruling(overall: Comparison, adjusted_p: float, margin: float) -> Ruling:
    is_significant = adjusted_p < LEVEL
    if is_significant and overall.difference > 0:
        return "better"
    if overall.low > -margin:
        return "same"
    return "worse" if is_significant else "undecided"


def _pairs(before: Evaluation, after: Evaluation) -> dict[str, _Pair]:
    old, new = _by_id(before), _by_id(after)
    return {case: (old[case], outcomes) for case, outcomes in new.items() if case in old}


def _by_id(evaluation: Evaluation) -> dict[str, list[Outcome]]:
    """The outcomes of each case; a server that was down says nothing of the model."""
    found: dict[str, list[Outcome]] = {}
    for outcome in evaluation.outcomes:
        if outcome.problem is None or is_model_s_own(outcome.problem):
            found.setdefault(outcome.id, []).append(outcome)
    return found


def _mean(outcomes: Sequence[Outcome], metric: str | None) -> float:
    return fmean(one.score if metric is None else one.scores[metric] for one in outcomes)


def _scored(
    pairs: Iterable[_Pair], metric: str | None = None
) -> tuple[list[tuple[float, float]], list[str]]:
    """Mean scores on both sides, and clusters; of a metric, those of the cases that have it."""
    having = [
        (old, new)
        for old, new in pairs
        if metric is None or all(metric in one.scores for one in (*old, *new))
    ]
    means = [(_mean(old, metric), _mean(new, metric)) for old, new in having]
    return means, [new[0].cluster for _, new in having]


def _compare(
    scored: Sequence[tuple[float, float]], clusters: Sequence[str], seed: int
) -> Comparison:
    """McNemar's test and Tango's interval where every case passes or fails and stands alone."""
    differences = [new - old for old, new in scored]
    if {*map(min, scored), *map(max, scored)} <= {0, 1} and len(set(clusters)) == len(clusters):
        better, worse = differences.count(1), differences.count(-1)
        low, high = tango(better, worse, len(scored))
        p = mcnemar(better, worse)
    else:
        low, high = bootstrap(differences, clusters, seed)
        p = sign_flip(differences, clusters, seed)
    old, new = map(fmean, zip(*scored, strict=True))
    return Comparison(old, new, low, high, p)


def _by_metric(pairs: Collection[_Pair], seed: int) -> dict[str, Comparison]:
    """Of the metrics that a case has on both sides, in the order in which they first come."""
    names = dict.fromkeys(name for pair in pairs for name in pair[1][0].scores)
    compared = {name: _scored(pairs, name) for name in names}
    return {name: _compare(*each, seed) for name, each in compared.items() if each[0]}


def _change(case: str, pair: _Pair) -> Change:
    old, new = (_mean(each, None) for each in pair)
    best, worst = (max, min) if new < old else (min, max)
    before = best(pair[0], key=lambda one: one.score)
    after = worst(pair[1], key=lambda one: one.score)
    moved = tuple(
        name for name, score in after.scores.items() if score != before.scores.get(name, score)
    )
    return Change(case, after.input, old, new, moved, _answer(before), _answer(after))


def _answer(outcome: Outcome) -> dict[str, Any] | str:
    return outcome.problem or "no answer" if outcome.answer is None else outcome.answer
