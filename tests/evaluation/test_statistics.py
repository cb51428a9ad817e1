"""The statistics against scipy's and statsmodels' on random data."""

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from app.evaluation.statistics import (
    bootstrap,
    cases_needed,
    detectable,
    holm,
    mcnemar,
    sign_flip,
    tango,
    wilson,
)

# Without types, for they have none.
optimize: Any = import_module("scipy.optimize")
stats: Any = import_module("scipy.stats")
tables: Any = import_module("statsmodels.stats.contingency_tables")
multitest: Any = import_module("statsmodels.stats.multitest")
power: Any = import_module("statsmodels.stats.power")
proportion: Any = import_module("statsmodels.stats.proportion")

SEEDS = range(5)
Z = float(stats.norm.ppf(0.975))


def names(count: int) -> list[str]:
    return [f"c-{number:03}" for number in range(count)]


def numbers(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]


def scores(random: Generator, count: int, spread: float = 0.2) -> list[float]:
    return numbers(random.normal(0.02, spread, count).clip(-1, 1))  # pyright: ignore


def by_scipy(differences: list[float]) -> tuple[float, float]:
    made = stats.bootstrap((differences,), np.mean, method="percentile", rng=default_rng(1))
    return made.confidence_interval.low, made.confidence_interval.high


@pytest.mark.parametrize("seed", SEEDS)
def test_wilson_is_that_of_statsmodels(seed: int) -> None:
    random = default_rng(seed)
    count = int(random.integers(1, 200))
    for hits in {0, int(random.integers(0, count + 1)), count}:
        expected = proportion.proportion_confint(hits, count, method="wilson")
        assert wilson(hits, count) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_mcnemar_is_that_of_statsmodels(seed: int) -> None:
    better, worse = map(int, default_rng(seed).integers(0, 40, 2))
    expected = tables.mcnemar([[3, better], [worse, 3]], exact=True).pvalue
    assert mcnemar(better, worse) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_holm_is_that_of_statsmodels(seed: int) -> None:
    ps = numbers(default_rng(seed).uniform(0, 0.2, 6))  # pyright: ignore
    assert holm(ps) == pytest.approx(multitest.multipletests(ps, method="holm")[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_tango_is_where_the_score_test_is_at_five_percent(seed: int) -> None:
    """By the likelihood, maximised numerically under each difference."""
    random = default_rng(seed)
    better, worse = map(int, random.integers(0, 12, 2))
    count = better + worse + int(random.integers(1, 60))

    def score(difference: float) -> float:
        def likelihood(first: float) -> float:
            rest = 1 - 2 * first - difference
            cells = ((better, first + difference), (worse, first), (count - better - worse, rest))
            return -sum(n * math.log(max(p, 1e-300)) for n, p in cells if n)

        bounds = (max(0.0, -difference), (1 - difference) / 2)
        options = {"xatol": 1e-12}
        best = optimize.minimize_scalar(
            likelihood, bounds=bounds, method="bounded", options=options
        ).x
        variance = (2 * best + difference - difference**2) / count
        return ((better - worse) / count - difference) / math.sqrt(max(variance, 1e-300))

    for end, sign in zip(tango(better, worse, count), (1, -1), strict=True):
        assert score(end) == pytest.approx(sign * Z, abs=1e-3)


def test_tango_stays_wide_where_nothing_disagrees() -> None:
    assert tango(0, 0, 5) == pytest.approx((-0.4345, 0.4345), abs=1e-4)
    assert tango(0, 0, 73)[0] > -0.05 > tango(0, 0, 72)[0]
    assert tango(20, 0, 20)[1] == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_bootstrap_is_that_of_scipy(seed: int) -> None:
    differences = scores(default_rng(seed), 200)
    expected = by_scipy(differences)
    assert bootstrap(differences, names(200)) == pytest.approx(expected, abs=0.004)


def test_bootstrap_of_few_is_as_wide_as_t_rather_than_z() -> None:
    differences = scores(default_rng(1), 12)
    low, high = bootstrap(differences, names(12))
    usual = by_scipy(differences)
    expected = stats.t.interval(0.95, 11, np.mean(differences), stats.sem(differences))
    assert high - low > usual[1] - usual[0]
    assert high - low == pytest.approx(expected[1] - expected[0], rel=0.1)


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    random = default_rng(7)
    covered = 0
    for _ in range(200):
        each = random.normal(0.02, 0.2, 20)
        values = numbers(np.repeat(each, 2) + random.normal(0, 0.02, 40))  # pyright: ignore
        low, high = bootstrap(values, [name for name in names(20) for _ in range(2)])
        covered += low < 0.02 < high
    assert covered >= 182


def test_clusters_widen_the_interval_and_raise_p() -> None:
    differences = scores(default_rng(3), 40) * 3
    clusters = names(40) * 3
    alone, together = bootstrap(differences, names(120)), bootstrap(differences, clusters)
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])
    shifted = [value + 0.03 for value in differences]
    assert sign_flip(shifted, clusters) > sign_flip(shifted, names(120))


@pytest.mark.parametrize("count", [1, 2, 5, 9])
@pytest.mark.parametrize("value", [0.0, 0.2, -1.0])
def test_few_that_are_alike_are_no_certainty(count: int, value: float) -> None:
    low, high = bootstrap([value] * count, names(count))
    assert high - low > 0.25
    assert low <= value <= high


def test_a_few_small_departures_are_no_certainty_and_no_calamity() -> None:
    for seen in range(9):
        some = [0.1, -0.1] * 5
        low, high = bootstrap([*some[:seen], *[0.0] * (78 - seen)], names(78))
        assert -0.05 < low < 0 < high < 0.05
        assert (high - low) / 2 > 0.008
    low, _ = bootstrap([0.0, 0.0, 0.0, 0.0, 0.01], names(5))
    assert low < -0.3


def test_of_whole_departures_it_is_tango() -> None:
    differences = [1.0] * 2 + [-1.0] * 5 + [0.0] * 50
    low, high = bootstrap(differences, names(57))
    lower, upper = tango(2, 5, 57)
    assert low <= lower + 1e-9
    assert high >= upper - 1e-9


def test_of_a_proportion_where_all_agree_it_is_wilson() -> None:
    for hits in (0, 30):
        alike = [float(hits > 0)] * 30
        low, high = bootstrap(alike, names(30))
        assert (max(0.0, low), high) == pytest.approx(wilson(hits, 30))


def mean_difference(first: Any, second: Any, axis: int) -> Any:
    return np.mean(first - second, axis=axis)


@pytest.mark.parametrize("count", [8, 13, 40])
@pytest.mark.parametrize("seed", SEEDS)
def test_sign_flip_is_that_of_scipy(count: int, seed: int) -> None:
    differences = scores(default_rng(seed), count)
    expected = stats.permutation_test(
        (np.array(differences), np.zeros(count)),
        mean_difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=default_rng(seed),
    ).pvalue
    assert sign_flip(differences, names(count)) == pytest.approx(expected, abs=0.02)


def test_sign_flip_of_pass_and_fail_is_mcnemar() -> None:
    differences = [1.0] * 9 + [-1.0] * 2 + [0.0] * 20
    assert sign_flip(differences, names(31)) == pytest.approx(mcnemar(9, 2))
    assert sign_flip([0.0] * 5, names(5)) == 1
    assert sign_flip([1.0] * 5, names(5)) == pytest.approx(0.0625)


def test_order_changes_nothing() -> None:
    differences, clusters = scores(default_rng(2), 60), names(60)
    turned = (differences[::-1], clusters[::-1])
    assert bootstrap(*turned) == pytest.approx(bootstrap(differences, clusters))
    assert sign_flip(*turned) == sign_flip(differences, clusters)


def test_detectable_is_what_statsmodels_says_has_the_power() -> None:
    spread, count = 0.3, 200
    half = Z * spread / math.sqrt(count)
    expected = power.TTestPower().solve_power(nobs=count, alpha=0.05, power=0.8) * spread
    assert detectable((-half, half)) == pytest.approx(expected, rel=0.02)


def test_so_many_cases_do_decide() -> None:
    assert cases_needed([0.0] * 5, names(5), tango(0, 0, 5), 0.05) == 73
    differences = [0.2, -0.2] * 15
    interval = bootstrap(differences, names(30))
    needed = cases_needed(differences, names(30), interval, 0.05)
    assert needed is not None
    expected = power.TTestPower().solve_power(effect_size=0.25, alpha=0.05, power=0.8)
    assert needed == pytest.approx(expected, rel=0.1)
    assert cases_needed([0.0] * 5, names(5), tango(0, 0, 5), 0) is None
