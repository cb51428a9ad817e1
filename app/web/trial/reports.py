"""What ``/readyz`` says of a candidate: this process's counts and times since its start."""

from collections import Counter
from math import ceil, exp, log
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field

from app.gateway import BreakerState

_LEAST_SECONDS: Final = 0.0001
_STEP: Final = log(1.05)  # between two buckets: a percentile is right within 2.5 %


class Times:
    """Seconds, in a histogram of a few hundred buckets at most."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._buckets[round(log(max(seconds / _LEAST_SECONDS, 1)) / _STEP)] += 1

    def percentile(self, percent: int) -> float | None:
        """Seconds to three figures, nearest rank; None where there are none."""
        left = ceil(self._buckets.total() * percent / 100)
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return float(f"{_LEAST_SECONDS * exp(bucket * _STEP):.3g}")
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
        self._times.add(seconds)

    @computed_field(
        description="Median until the answer or, of a stream, its first event; of what went well."
    )
    @property
    def p50_seconds(self) -> float | None:
        return self._times.percentile(50)

    @computed_field
    @property
    def p95_seconds(self) -> float | None:
        return self._times.percentile(95)


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


class ShadowReport(BaseModel):
    """The candidate as a shadow."""

    share: float = Field(description="Share of the requests that it is asked, too.")
    dropped: int = Field(description="Requests that there was no spare capacity for.")
    features: dict[str, DifferencesReport]


class ComparisonReport(BaseModel):
    """Both models on one feature; their callers are others."""

    model: FiguresReport
    candidate: FiguresReport


class CanaryReport(BaseModel):
    """The candidate as a canary."""

    share: float = Field(description="Share of the callers that it answers.")
    features: dict[str, ComparisonReport]


class CandidateReport(BaseModel):
    """How the candidate does beside the base model, in this process, since its start."""

    model: str
    breaker: BreakerState = Field(description="Its own circuit breaker.")
    shadow: ShadowReport
    canary: CanaryReport
