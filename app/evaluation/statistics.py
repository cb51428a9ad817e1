"""Statistics of scores from 0 to 1 and of their differences in pairs: intervals, tests, power.

All intervals are of 95 %. Cases that share a cluster, as a document, are drawn and flipped together:
they say less than as many that share nothing (Miller, "Adding Error Bars to Evals", 2024).
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
Floats = NDArray[np.float64]

LEVEL: Final = 0.05
_POWER: Final = 0.8
_NORMAL: Final = NormalDist()
_Z: Final = _NORMAL.inv_cdf(1 - LEVEL / 2)
_DRAWS: Final = 10_000
_BATCH: Final = 1_000  # of draws in memory at once
_FEW: Final = 10  # so many clusters must depart from the rest for a bootstrap to draw from
_ALL_FLIPS: Final = 13  # clusters that differ, up to which all 2 ** n flips are looked at
_ROUNDING: Final = 9


def wilson(hits: int, count: int) -> Interval:
    """The interval of a proportion (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    share, weight = hits / count, _Z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / count / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(values: Sequence[float], clusters: Sequence[str], seed: int = 0) -> Interval:
    """The interval of a mean of scores or differences: the percentiles of means of drawn clusters.

    Efron 1979; the percentiles are a little further out, as t is than z, because they are too close
    with few clusters (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015, section 5.3).

    Drawing from values that are all the same, or nearly all, would claim a certainty that nobody has:
    what is rare was not seen. Where fewer than ten clusters depart from the most frequent value, the
    interval is therefore at least Tango's, with each departure for a part of the largest. The largest
    is taken for a whole point where none was seen (which is Wilson's interval of a proportion of 0 or
    1), for 0.9 of one where one smaller was seen, and so on.
    """
    sums, sizes = _by_cluster(values, clusters)
    count = len(sums)
    random = np.random.default_rng(seed)
    means: list[Floats] = []
    for _ in range(_DRAWS // _BATCH if count > 1 else 1):
        drawn = random.integers(count, size=(_BATCH, count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    tail = _NORMAL.cdf(-math.sqrt(count / (count - 1)) * _t(count - 1)) if count > 1 else 0.0
    low, high = map(float, np.quantile(np.concatenate(means), [tail, 1 - tail]))
    usual, departures = _departures(sums / sizes)
    seen = np.count_nonzero(departures)
    if seen < _FEW:
        largest = max(float(np.abs(departures).max()), 1 - seen / _FEW)
        above, below = (float(np.clip(sign * departures, 0, None).sum()) for sign in (1, -1))
        lower, upper = tango(above / largest, below / largest, count)
        low, high = min(low, usual + lower * largest), max(high, usual + upper * largest)
    return max(-1.0, low), min(1.0, high)


def tango(better: float, worse: float, count: float) -> Interval:
    """The score interval of a difference of two proportions in pairs (Tango 1998).

    ``better`` are the pairs of which only the second passed, ``worse`` those of which only the first
    did. It stays wide where nothing disagrees: of 5 pairs that all agree it is ±43 points.
    """

    def score(difference: float) -> float:
        linear = (2 * count - better + worse) * difference - better - worse
        constant = -worse * difference * (1 - difference)
        root = math.sqrt(max(0.0, linear**2 - 8 * count * constant))
        only_first = (root - linear) / (4 * count)
        variance = count * (2 * only_first + difference * (1 - difference))
        return (better - worse - count * difference) / math.sqrt(max(variance, 1e-300))

    middle = (better - worse) / count
    return _where(score, _Z, -1, middle), _where(score, -_Z, middle, 1)


def mcnemar(better: int, worse: int) -> float:
    """The p of pairs that disagree, two-sided and exact (McNemar 1947)."""
    count, least = better + worse, min(better, worse)
    tail = sum(math.comb(count, hits) for hits in range(least + 1))
    return min(1.0, 2 * tail / 2**count)


def sign_flip(differences: Sequence[float], clusters: Sequence[str], seed: int = 0) -> float:
    """The p of a mean difference, two-sided: how often it is as large with signs at random.

    The paired randomisation test (Fisher 1935; Noreen 1989), whole clusters flipped: were both sides
    alike, either could have come first. Unlike a bootstrap's p it holds with few clusters: five
    never come below 0.06. Of pass and fail it is McNemar's.
    """
    sums = _by_cluster(differences, clusters)[0]
    sums = sums[np.abs(sums) > 10**-_ROUNDING]
    observed = abs(sums.sum()) - 10**-_ROUNDING
    if len(sums) <= _ALL_FLIPS:
        every: Floats = np.array(list(itertools.product((-1.0, 1.0), repeat=len(sums))))
        return _hits(every, sums, observed) / len(every)
    random = np.random.default_rng(seed)
    hits = 0
    for _ in range(_DRAWS // _BATCH):
        flips = random.choice((-1.0, 1.0), size=(_BATCH, len(sums)))
        hits += _hits(flips, sums, observed)
    return (1 + hits) / (1 + _DRAWS)


def holm(ps: Sequence[float]) -> list[float]:
    """Each p, adjusted for all of them being looked at (Holm 1979)."""
    adjusted, least = [1.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = least
    return adjusted


def detectable(interval: Interval) -> float:
    """The smallest difference that is found four times of five, by cases with such an interval.

    The power formula of Miller 2024, section 5, with the interval's half for 1.96 standard errors.
    """
    low, high = interval
    return min(1.0, (1 + _NORMAL.inv_cdf(_POWER) / _Z) * (high - low) / 2)


def cases_needed(
    differences: Sequence[float], clusters: Sequence[str], interval: Interval, margin: float
) -> int | None:
    """How many cases like these would decide, four times of five; None if no number would.

    Decided is what lies above ``-margin``, or away from 0. An interval narrows with the root of the
    number of cases; one of cases that are all the same, with the number.
    """
    mean = sum(differences) / len(differences)
    gap = max(mean + margin, abs(mean))
    if gap <= 0:
        return None
    sums, sizes = _by_cluster(differences, clusters)
    if _departures(sums / sizes)[1].any():
        return math.ceil(len(differences) * (detectable(interval) / gap) ** 2)
    agreeing = math.floor(_Z**2 * (1 - min(gap, 1)) / min(gap, 1)) + 1
    return math.ceil(agreeing * len(differences) / len(sums))


def _hits(flips: Floats, sums: Floats, observed: float) -> int:
    return int(np.count_nonzero(np.abs(flips @ sums) >= observed))


def _by_cluster(values: Sequence[float], clusters: Sequence[str]) -> tuple[Floats, Floats]:
    """The sum of each cluster's values, and how many they are; sorted by the clusters' names."""
    _, places = np.unique(np.array(clusters), return_inverse=True)
    sums, sizes = np.bincount(places, values), np.bincount(places)
    return sums.astype(np.float64), sizes.astype(np.float64)


def _departures(means: Floats) -> tuple[float, Floats]:
    """The most frequent value, and how far each is from it."""
    rounded: list[float] = np.round(means, _ROUNDING).tolist()
    usual = Counter(sorted(rounded, key=abs)).most_common(1)[0][0]
    return usual, np.array(rounded) - usual


def _t(freedom: int) -> float:
    """Student's t where the normal has ``_Z`` (Abramowitz and Stegun 26.7.5; good from 5 on)."""
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def _where(falling: Any, value: float, low: float, high: float) -> float:
    """Where a falling function passes a value."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > value else (low, middle)
    return (low + high) / 2
