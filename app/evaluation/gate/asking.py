"""Asks a side through the whole service in process, as ``groundwork eval`` does."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from pydantic_core import to_json

from app.evaluation import asking
from app.evaluation.command import named_features, own_cases, results_folder
from app.evaluation.gate.sides import Baseline, Plan, Side
from app.evaluation.identity import identity_of
from app.evaluation.kept import Kept
from app.evaluation.results import Evaluation
from app.evaluation.running import evaluate
from app.features import FeaturePackage
from app.features.cases import Case
from app.settings import Settings, load_settings

_FIRST: Final = 3  # cases of a feature that are asked to know how long the others will take


@dataclass
class Evaluator:
    """Asks a side its cases, or takes what a baseline has of them."""

    names: Sequence[str]  # of the features; all if there is none
    cases: Path | None = None  # of the one feature, rather than its own
    repeats: int = 1

    def plan(self, side: Side | Baseline) -> Plan:
        """What it will take; where nobody knows how long, the first cases are asked."""
        if isinstance(side, Baseline):
            return Plan(0, {}, side.cases)
        settings = _settings_of(side)
        packages = named_features(self.names, settings)
        cases = {each.FEATURE.name: self._cases_of(each) for each in packages}
        ahead = [self._ahead(each, settings) for each in packages]
        unknown = [p for p, each in zip(packages, ahead, strict=True) if None in each.values()]
        if unknown:
            first = {name: each[:_FIRST] for name, each in cases.items()}
            plan = asking.Plan(keep=results_folder(settings))
            asyncio.run(evaluate(unknown, settings, plan, first))
            ahead = [self._ahead(each, settings) for each in packages]
        hashes = {name: {case.id: _hash(case) for case in each} for name, each in cases.items()}
        calls = self.repeats * sum(map(len, cases.values()))
        return Plan(calls, {key: s for each in ahead for key, s in each.items()}, hashes)

    def answers(self, side: Side | Baseline, plan: Plan) -> Baseline:
        """What a side answers, or answered; ``GroundworkError`` if it cannot be asked."""
        if isinstance(side, Baseline):
            return side
        return Baseline(str(side), plan.cases, self.evaluate(side))

    def evaluate(self, side: Side) -> Sequence[Evaluation]:
        """What comes of its cases; its model is gone from memory when this returns."""
        settings = _settings_of(side)
        packages = named_features(self.names, settings)
        plan = asking.Plan(self.repeats, keep=results_folder(settings))
        return asyncio.run(evaluate(packages, settings, plan, own_cases(packages, self.cases)))

    def _cases_of(self, package: FeaturePackage) -> Sequence[Case]:
        feature = package.FEATURE
        return (own_cases([package], self.cases) or {}).get(feature.name, feature.cases)

    def _ahead(self, package: FeaturePackage, settings: Settings) -> dict[str, float | None]:
        feature = package.FEATURE
        kept = Kept(results_folder(settings), feature.name, identity_of(feature, settings))
        asked = [case.input for case in self._cases_of(package)]
        keys = [kept.key(each, n) for each in asked for n in range(self.repeats)]
        seconds = [kept.said[key].seconds for key in keys if key in kept.said]
        return expected([key for key in keys if key not in kept.said], seconds)


def expected(still_open: Sequence[str], seconds: Sequence[float]) -> dict[str, float | None]:
    """Seconds for each call that is still to be made, by what others took.

    The first, for which the model reads the examples, takes longest.
    """
    usual, longest = median(seconds) if seconds else None, max(seconds, default=None)
    return dict.fromkeys(still_open, usual) | dict.fromkeys(still_open[:1], longest)


def _settings_of(side: Side) -> Settings:
    """The operator's settings for a side.

    Address and key are of one provider: another one's model does not get them.
    """
    given = {name: value for name, value in asdict(side).items() if value}
    settings = load_settings(**given).alone()
    if side.base_url or Settings().model_name.provider == settings.model_name.provider:
        return settings
    return load_settings(**given, base_url=None, api_key=None).alone()


def _hash(case: Case) -> str:
    return hashlib.sha256(to_json(case)).hexdigest()[:16]
