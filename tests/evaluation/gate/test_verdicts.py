"""What counts as better, same, worse and undecided."""

from dataclasses import replace

import pytest

from app.evaluation.gate.verdicts import judge
from app.evaluation.results import Evaluation
from tests.evaluation.gate.made_up import chance, evaluation, outcome

PASSED, FAILED = [1.0], [0.0]


def ruling(before: Evaluation, after: Evaluation) -> str:
    (verdict,) = judge([before], [after])
    return verdict.ruling


@pytest.mark.parametrize("seed", range(20))
def test_a_side_against_itself_is_never_worse(seed: int) -> None:
    random = chance(seed)
    graded = [random.choice([0.0, 1 / 3, 2 / 3, 1.0]) for _ in range(80)]
    passed = [float(score > 0.5) for score in graded]
    for scores in (graded, passed):
        side = evaluation(scores)
        shuffled = replace(side, outcomes=random.sample(side.outcomes, len(side.outcomes)))
        (verdict,) = judge([side], [shuffled], seed)
        assert verdict.ruling == "same"
        assert (verdict.overall.difference, verdict.overall.p) == (0, 1)
        assert verdict.broken == verdict.fixed == ()


def test_a_model_that_samples_is_not_worse_than_itself() -> None:
    random = chance(1)
    rulings = [
        ruling(*(evaluation(float(random.random() < 0.7) for _ in range(60)) for _ in range(2)))
        for _ in range(200)
    ]
    assert rulings.count("worse") + rulings.count("better") <= 14  # 5 % of 200, and some


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_five_cases_are_undecided(score: float) -> None:
    side = evaluation([score] * 5)
    (verdict,) = judge([side], [side])
    assert verdict.ruling == "undecided"
    assert verdict.detectable > 0.5
    assert verdict.more == 68
    lost = evaluation([0.0] * 5)
    assert ruling(side, lost) == "undecided"


def test_so_many_more_are_the_same() -> None:
    assert ruling(evaluation(PASSED * 73), evaluation(PASSED * 73)) == "same"
    assert ruling(evaluation(PASSED * 72), evaluation(PASSED * 72)) == "undecided"


def test_a_few_graded_cases_that_all_gain_alike_prove_nothing() -> None:
    assert ruling(evaluation([0.5] * 3), evaluation([0.7] * 3)) == "undecided"


def test_a_broken_feature_is_worse_alone() -> None:
    random = chance(4)
    before = [
        evaluation((random.choice([0.4, 0.6, 0.8, 1.0]) for _ in range(80)), name)
        for name in ("tickets", "answers", "translations")
    ]
    broken = [max(0.0, one.score - random.choice([0, 0.6])) for one in before[1].outcomes]
    after = [before[0], evaluation(broken, "answers"), before[2]]
    verdicts = judge(before, after)
    assert [one.ruling for one in verdicts] == ["same", "worse", "same"]
    lost = {
        one.id for one, score in zip(before[1].outcomes, broken, strict=True) if one.score > score
    }
    assert {change.id for change in verdicts[1].broken} == lost
    assert verdicts[1].fixed == ()


def test_better_is_better() -> None:
    after = evaluation(PASSED * 30 + FAILED * 10)
    (verdict,) = judge([evaluation(PASSED * 20 + FAILED * 20)], [after])
    assert (verdict.ruling, verdict.more) == ("better", None)
    assert [change.id for change in verdict.fixed] == [f"c-{number:03}" for number in range(20, 30)]
    assert verdict.fixed[0].answered == {"text": "Answer of 0.0"}
    assert verdict.fixed[0].answers == {"text": "Answer of 1.0"}


def test_a_loss_within_the_margin_is_the_same() -> None:
    before = evaluation([0.8] * 60)
    after = evaluation([0.79, 0.77] * 30)
    (verdict,) = judge([before], [after])
    assert verdict.adjusted_p < 0.05
    assert verdict.ruling == "same"
    strict = replace(after, margin=0.02)
    assert ruling(before, strict) == "worse"


def test_holm_asks_more_of_one_among_many() -> None:
    before = evaluation(PASSED * 6 + FAILED * 30)
    after = evaluation(FAILED * 6 + FAILED * 30)  # p is 0.031
    assert ruling(before, after) == "worse"
    others = [evaluation(PASSED * 36, name) for name in ("answers", "translations")]
    first, *_ = judge([before, *others], [after, *others])
    assert first.adjusted_p == pytest.approx(3 * first.overall.p)
    assert first.ruling == "undecided"


def test_clusters_widen_the_interval() -> None:
    random = chance(2)
    before = evaluation(random.choice(PASSED + FAILED) for _ in range(60))
    after = evaluation(random.choice(PASSED + FAILED) for _ in range(60))
    shared = [
        replace(one, cluster=f"document {number // 6}") for number, one in enumerate(after.outcomes)
    ]
    (alone,) = judge([before], [after])
    (together,) = judge([before], [replace(after, outcomes=shared)])
    assert (alone.clusters, together.clusters) == (60, 10)
    assert together.overall.high - together.overall.low > alone.overall.high - alone.overall.low
    assert together.detectable > alone.detectable


def test_repeats_are_averaged_and_count_as_one_case() -> None:
    before = evaluation(PASSED * 40)
    twice = [outcome(n, score, repeat=r) for n in range(40) for r, score in enumerate((1.0, 0.0))]
    (verdict,) = judge([before], [replace(before, outcomes=twice)])
    assert (verdict.cases, verdict.overall.after) == (40, 0.5)
    assert verdict.broken[0].answers == {"text": "Answer of 0.0"}


def test_cases_on_one_side_and_failures_of_a_server_are_named_and_not_compared() -> None:
    before = evaluation(PASSED * 80)
    down = outcome(0, 0, answer=None, problem="upstream-unreachable")
    wrong = outcome(1, 0, answer=None, problem="model-output-invalid")
    after = replace(before, outcomes=[down, wrong, *before.outcomes[2:], outcome(99, 0)])
    (verdict,) = judge([before], [after])
    assert verdict.unpaired == ("c-000", "c-099")
    assert verdict.cases == 79
    assert [(change.id, change.answers) for change in verdict.broken] == [
        ("c-001", "model-output-invalid")
    ]


def test_each_metric_is_told_of_the_cases_that_have_it() -> None:
    def side(urgency: float) -> Evaluation:
        outcomes = [
            outcome(n, 0, scores={"urgency": urgency} | ({"product": 1.0} if n % 2 else {}))
            for n in range(20)
        ]
        return Evaluation("tickets", "any", "hash", 0.05, outcomes)

    (verdict,) = judge([side(1)], [side(0)])
    assert list(verdict.metrics) == ["urgency", "product"]
    assert {change.moved for change in verdict.broken} == {("urgency",)}
    assert verdict.metrics["urgency"].difference == -1
    assert verdict.metrics["product"].difference == 0
    assert verdict.metrics["product"].low < -0.2  # of 10 cases
