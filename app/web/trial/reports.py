"""What ``/readyz`` says of a candidate: this process's counts since its start."""

from pydantic import BaseModel, Field

from app.gateway import BreakerState
from app.web.trial.figures import Differences, Figures
from app.web.trial.trial import Trial


class DifferencesReport(BaseModel):
    """What came of a feature's requests that the candidate was asked after the base model."""

    compared: int = Field(description="Requests that both answered.")
    disagreed: int = Field(description="Those that they answered differently.")
    fields: dict[str, int] = Field(
        description="By field, how often it differed; free text is not compared. `checks`: the "
        "proofs that were kept."
    )
    problems: dict[str, int] = Field(description="The candidate's failures, by the problem's code.")


class ShadowReport(BaseModel):
    """The candidate as a shadow."""

    share: float = Field(description="Share of the requests that it is asked, too.")
    dropped: int = Field(description="Requests that there was no spare capacity for.")
    features: dict[str, DifferencesReport]


class FiguresReport(BaseModel):
    """How one model did with one feature's requests."""

    requests: int
    problems: dict[str, int] = Field(description="Failed requests, by the problem's code.")
    unkept: dict[str, int] = Field(description="Proofs that were not kept, by name.")
    repaired: int = Field(description="Requests for which it was asked to put its answer right.")
    feedback: dict[str, int] = Field(description="By rating, what its callers said of answers.")
    p50_seconds: float | None = Field(
        description="Median until the answer or, of a stream, its first event; of what went well."
    )
    p95_seconds: float | None


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
            features={name: _differences(each) for name, each in trial.shadow.features.items()},
        ),
        canary=CanaryReport(
            share=trial.canary_share,
            features={
                name: ComparisonReport(model=_figures(base), candidate=_figures(candidate))
                for name, (base, candidate) in trial.figures.items()
            },
        ),
    )


def _differences(found: Differences) -> DifferencesReport:
    return DifferencesReport(
        compared=found.compared,
        disagreed=found.disagreed,
        fields=found.fields,
        problems=found.problems,
    )


def _figures(figures: Figures) -> FiguresReport:
    return FiguresReport(
        requests=figures.requests,
        problems=figures.problems,
        unkept=figures.unkept,
        repaired=figures.repaired,
        feedback=figures.feedback,
        p50_seconds=_rounded(figures.times.percentile(50)),
        p95_seconds=_rounded(figures.times.percentile(95)),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else float(f"{seconds:.3g}")
