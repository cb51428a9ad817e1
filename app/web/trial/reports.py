"""What ``/readyz`` says of a candidate: this process's counts since its start."""

from pydantic import BaseModel, Field

from app.gateway import BreakerState
from app.web.trial.figures import DifferencesReport, FiguresReport
from app.web.trial.trial import Trial


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


def report_on(trial: Trial) -> CandidateReport:
    """The report."""
    return CandidateReport(
        model=trial.candidate.model,
        breaker=trial.candidate.breaker.state,
        shadow=ShadowReport(
            share=trial.shadow_share,
            dropped=trial.shadow.dropped,
            features=trial.shadow.features,
        ),
        canary=CanaryReport(
            share=trial.canary_share,
            features={
                name: ComparisonReport(model=base, candidate=candidate)
                for name, (base, candidate) in trial.figures.items()
            },
        ),
    )
