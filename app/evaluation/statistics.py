"""Intervals of 95 %."""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np

_Z: Final = 1.959963984540054
_SAMPLES: Final = 2_000


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, _Z**2
    middle = share + square / (2 * count)
    half = _Z * sqrt(share * (1 - share) / count + square / (4 * count**2))
    whole = 1 + square / count
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def bootstrap_mean(
    values: Sequence[float], clusters: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of a mean by drawing whole clusters."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster][0] += value
        sums[cluster][1] += 1
    pairs = np.array(list(sums.values()))
    drawn = np.random.default_rng(seed).integers(len(pairs), size=(_SAMPLES, len(pairs)))
    totals = pairs[drawn].sum(axis=1)
    low, high = np.quantile(totals[:, 0] / totals[:, 1], [0.025, 0.975])
    return float(low), float(high)
