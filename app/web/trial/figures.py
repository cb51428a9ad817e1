"""How a model does, in counts and times of bounded memory, so that two can be compared."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil, exp, log
from typing import Final

_LEAST_SECONDS: Final = 0.0001
_STEP: Final = log(1.05)  # between two buckets: a percentile is right within 2.5 %


class Times:
    """Seconds, in a histogram of a few hundred buckets at most."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._buckets[
            max(0, round(log(max(seconds, _LEAST_SECONDS) / _LEAST_SECONDS) / _STEP))
        ] += 1

    def percentile(self, percent: int) -> float | None:
        """Seconds, nearest rank; None where there are none."""
        left = ceil(self._buckets.total() * percent / 100)
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return _LEAST_SECONDS * exp(bucket * _STEP)
        return None


@dataclass(slots=True)
class Figures:
    """One model's answers to one feature's requests.

    Attributes:
        requests: all of them.
        problems: those that were answered with a problem, by its code.
        unkept: proofs that were not kept, by name.
        repaired: requests with an answer that the model was asked to put right.
        feedback: what was said of answers, by rating.
        times: until the answer or, of a stream, its first event; of what went well.
    """

    requests: int = 0
    problems: Counter[str] = field(default_factory=Counter[str])
    unkept: Counter[str] = field(default_factory=Counter[str])
    repaired: int = 0
    feedback: Counter[str] = field(default_factory=Counter[str])
    times: Times = field(default_factory=Times)


@dataclass(slots=True)
class Differences:
    """What came of a feature's requests that both models were asked.

    Attributes:
        compared: both answered.
        disagreed: they did not answer alike.
        fields: by field, how often.
        problems: how the candidate failed where the base model did not, by code.
    """

    compared: int = 0
    disagreed: int = 0
    fields: Counter[str] = field(default_factory=Counter[str])
    problems: Counter[str] = field(default_factory=Counter[str])
