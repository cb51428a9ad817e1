"""The candidate, whom it answers, and how it does beside the base model."""

from collections import defaultdict
from collections.abc import Callable
from hashlib import blake2b
from random import random
from typing import Any, Final

from app.gateway import ModelGateway
from app.gateway.call import Call
from app.records import Store
from app.settings import Settings
from app.web.trial.observed import Observed
from app.web.trial.operations import Operations, unkept
from app.web.trial.reports import (
    CanaryReport,
    CandidateReport,
    ComparisonReport,
    FiguresReport,
    ShadowReport,
)
from app.web.trial.shadow import Shadow

_HASH_BYTES: Final = 8


class Trial:
    """A candidate on trial; ``shadow`` has to be closed in the end."""

    def __init__(
        self,
        gateway: ModelGateway,
        candidate: ModelGateway,
        settings: Settings,
        store: Store | None,
        document: Callable[[], dict[str, Any]],
    ) -> None:
        """Put a candidate beside a gateway; ``document`` gives the application's OpenAPI."""
        here = candidate.model.partition(":")[0] == "embedded"
        self.candidate = candidate
        self.shadow_share, self.canary_share = settings.shadow, settings.canary
        self.shadow = Shadow(gateway, candidate, store, yields=here)
        self.operations = Operations(document)
        self.figures: defaultdict[str, tuple[FiguresReport, FiguresReport]] = defaultdict(
            lambda: (FiguresReport(), FiguresReport())
        )

    def is_canary(self, tenant: bytes) -> bool:
        """Whether a caller is among the candidate's: always the same, in every process."""
        number = int.from_bytes(blake2b(tenant, digest_size=_HASH_BYTES).digest())
        return number < self.canary_share * 256**_HASH_BYTES

    def is_shadowed(self) -> bool:
        """Whether the candidate is asked the next request, too: by lot."""
        return random() < self.shadow_share  # noqa: S311

    def count(self, feature: str, observed: Observed, call: Call, *, is_canary: bool) -> None:
        """Count what came of a request; not where the fallback answered it."""
        if call.answered_by and not is_canary:
            return
        problem, reply = observed.outcome()
        if problem:
            self.count_problem(feature, problem, is_canary=is_canary)
            return
        figures = self.figures[feature][is_canary]
        figures.requests += 1
        figures.repaired += bool(call.repairs)
        figures.unkept.update(unkept(reply))
        figures.went_well(observed.seconds or 0)

    def count_problem(self, feature: str, problem: str, *, is_canary: bool) -> None:
        """Count a request that was answered with a problem."""
        figures = self.figures[feature][is_canary]
        figures.requests += 1
        figures.problems[problem] += 1

    def report(self) -> CandidateReport:
        """For ``/readyz``."""
        features = {
            name: ComparisonReport(model=base, candidate=candidate)
            for name, (base, candidate) in self.figures.items()
        }
        return CandidateReport(
            model=self.candidate.model,
            breaker=self.candidate.breaker.state,
            shadow=ShadowReport(
                share=self.shadow_share, dropped=self.shadow.dropped, features=self.shadow.features
            ),
            canary=CanaryReport(share=self.canary_share, features=features),
        )
