"""How a model does, in counts and times of bounded memory, so that two can be compared.

``/readyz`` shows them: this process's since its start.
"""

from collections import Counter
from math import ceil, exp, log
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field

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


class _Counts(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class FiguresReport(_Counts):
    """How one model did with one feature's requests."""

    requests: int = 0
    problems: Counter[str] = Field(
        default_factory=Counter, description="Failed requests, by the problem's code."
    )
    unkept: Counter[str] = Field(
        default_factory=Counter, description="Proofs that were not kept, by name."
    )
    repaired: int = Field(
        default=0, description="Requests for which it was asked to put its answer right."
    )
    feedback: Counter[str] = Field(
        default_factory=Counter, description="By rating, what its callers said of answers."
    )
    _times: Times = PrivateAttr(default_factory=Times)

    def went_well(self, seconds: float) -> None:
        """Count how long one took."""
        self._times.add(seconds)

    @computed_field(
        description="Median until the answer or, of a stream, its first event; of what went well."
    )
    @property
    def p50_seconds(self) -> float | None:
        return _rounded(self._times.percentile(50))

    @computed_field
    @property
    def p95_seconds(self) -> float | None:
        return _rounded(self._times.percentile(95))


class DifferencesReport(_Counts):
    """What came of a feature's requests that the candidate was asked after the base model."""

    compared: int = Field(default=0, description="Requests that both answered.")
    disagreed: int = Field(default=0, description="Those that they answered differently.")
    fields: Counter[str] = Field(
        default_factory=Counter,
        description="By field, how often it differed; free text is not compared. `checks`: the "
        "proofs that were kept.",
    )
    problems: Counter[str] = Field(
        default_factory=Counter, description="The candidate's failures, by the problem's code."
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else float(f"{seconds:.3g}")
