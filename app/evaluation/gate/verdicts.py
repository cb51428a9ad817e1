"""What a change did to a feature: better, same, worse, or too few cases to tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    """Mean scores of the same cases on both sides.

    Attributes:
        before, after: the means, 0 to 1.
        low, high: the 95 % interval of their difference.
        p: that a difference as large comes about by chance.
    """

    before: float
    after: float
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Change:
    """A case that came out otherwise: its score differs by more than the margin.

    Attributes:
        before, after: its mean scores.
        moved: what is expected and was met better or worse, by name.
        answered, answers: the answers before and after, or the code of a problem; of repeats, those
            that differ most.
    """

    id: str
    input: dict[str, Any]
    before: float
    after: float
    moved: tuple[str, ...]
    answered: dict[str, Any] | str
    answers: dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change did to one feature.

    Attributes:
        overall: of the cases' scores.
        adjusted_p: its p after Holm over the features.
        margin: by how much the mean score may be lower without being worse.
        cases, clusters: how many were compared.
        detectable: the smallest difference that these cases could have shown, four times of five.
        more: how many more cases like these would decide; None where it is decided, or none would.
        broken, fixed: cases that scored lower or higher, by the largest difference first.
        metrics: likewise of each thing that is expected, without a verdict.
        unpaired: ids of cases that only one side has, or whose server failed on one.
    """

    feature: str
    ruling: Ruling
    overall: Comparison
    adjusted_p: float
    margin: float
    cases: int
    clusters: int
    detectable: float
    more: int | None
    broken: tuple[Change, ...]
    fixed: tuple[Change, ...]
    metrics: Mapping[str, Comparison]
    unpaired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A case on both sides, with its repeats."""

    before: Sequence[Outcome]
    after: Sequence[Outcome]

    @property
    def cluster(self) -> str:
        return self.after[0].cluster

    def means(self, metric: str | None = None) -> tuple[float, float]:
        return _mean(self.before, metric), _mean(self.after, metric)


def judge(
    before: Sequence[Evaluation], after: Sequence[Evaluation], seed: int = 0
) -> list[Verdict]:
    """The verdicts of the features that both sides have cases of, in the order of ``after``.

    Args:
        before: the evaluations of what there is.
        after: of what it is to be changed to; its margins hold.
        seed: of what is drawn at random.
    """
    known = {one.feature: one for one in before}
    verdicts = [
        _compared(known[one.feature], one, seed)
        for one in after
        if one.feature in known and _pairs(known[one.feature], one)
    ]
    adjusted = holm([verdict.overall.p for verdict in verdicts])
    return [_ruled(verdict, p) for verdict, p in zip(verdicts, adjusted, strict=True)]


def _compared(before: Evaluation, after: Evaluation, seed: int) -> Verdict:
    """All but what depends on the other features: ruling, adjusted p, cases that are missing."""
    pairs = _pairs(before, after)
    scored = [pair.means() for pair in pairs.values()]
    clusters = [pair.cluster for pair in pairs.values()]
    overall = _compare(scored, clusters, seed)
    differences = [new - old for old, new in scored]
    interval = (overall.low, overall.high)
    changes = [
        _change(case, pair)
        for (case, pair), each in zip(pairs.items(), differences, strict=True)
        if abs(each) > after.margin
    ]
    changes.sort(key=lambda change: abs(change.after - change.before), reverse=True)
    ids = {one.id for each in (before, after) for one in each.outcomes}
    return Verdict(
        feature=after.feature,
        ruling="undecided",
        overall=overall,
        adjusted_p=overall.p,
        margin=after.margin,
        cases=len(pairs),
        clusters=len(set(clusters)),
        detectable=detectable(interval),
        more=cases_needed(differences, clusters, interval, after.margin),
        broken=tuple(change for change in changes if change.after < change.before),
        fixed=tuple(change for change in changes if change.after > change.before),
        metrics=_by_metric(list(pairs.values()), clusters, seed),
        unpaired=tuple(sorted(ids - pairs.keys())),
    )


def _ruled(verdict: Verdict, adjusted_p: float) -> Verdict:
    overall, margin = verdict.overall, verdict.margin
    is_significant, is_safe = adjusted_p < LEVEL, overall.low > -margin
    ruling: Ruling = "undecided"
    if is_significant and overall.difference > 0:
        ruling = "better"
    elif is_safe:
        ruling = "same"
    elif is_significant:
        ruling = "worse"
    more = verdict.more
    if ruling != "undecided":
        more = None
    elif more is not None:
        more = max(1, more - verdict.cases)
    return replace(verdict, ruling=ruling, adjusted_p=adjusted_p, more=more)


def _pairs(before: Evaluation, after: Evaluation) -> dict[str, _Pair]:
    old, new = _by_id(before), _by_id(after)
    return {case: _Pair(old[case], outcomes) for case, outcomes in new.items() if case in old}


def _by_id(evaluation: Evaluation) -> dict[str, list[Outcome]]:
    """The outcomes of each case; a server that was down says nothing of the model."""
    found: dict[str, list[Outcome]] = {}
    for outcome in evaluation.outcomes:
        if outcome.problem is None or is_model_s_own(outcome.problem):
            found.setdefault(outcome.id, []).append(outcome)
    return found


def _mean(outcomes: Sequence[Outcome], metric: str | None) -> float:
    scores = [one.score if metric is None else one.scores[metric] for one in outcomes]
    return sum(scores) / len(scores)


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
    old, new = (sum(column) / len(scored) for column in zip(*scored, strict=True))
    return Comparison(old, new, low, high, p)


def _by_metric(pairs: Sequence[_Pair], clusters: Sequence[str], seed: int) -> dict[str, Comparison]:
    """Of the cases that have a metric, in the order in which they first do."""
    names = dict.fromkeys(name for pair in pairs for name in pair.after[0].scores)
    compared: dict[str, Comparison] = {}
    for name in names:
        having = [
            (pair.means(name), cluster)
            for pair, cluster in zip(pairs, clusters, strict=True)
            if all(name in one.scores for one in (*pair.before, *pair.after))
        ]
        if having:
            scored, theirs = zip(*having, strict=True)
            compared[name] = _compare(scored, theirs, seed)
    return compared


def _change(case: str, pair: _Pair) -> Change:
    old, new = pair.means()
    best, worst = (max, min) if new < old else (min, max)
    before = best(pair.before, key=lambda one: one.score)
    after = worst(pair.after, key=lambda one: one.score)
    moved = tuple(
        name for name, score in after.scores.items() if score != before.scores.get(name, score)
    )
    return Change(case, after.input, old, new, moved, _answer(before), _answer(after))


def _answer(outcome: Outcome) -> dict[str, Any] | str:
    return outcome.problem or "no answer" if outcome.answer is None else outcome.answer
