"""Asks a side through the whole service in process, as ``groundwork eval`` does."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

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


class Evaluator:
    """Asks a side its cases, or takes what a baseline has of them."""

    def __init__(self, names: Sequence[str], cases: Path | None, repeats: int) -> None:
        """Choose what to ask.

        Args:
            names: of the features; all if there is none.
            cases: a file of cases of the one feature, rather than its own.
            repeats: how often each case is asked.
        """
        self._names, self._cases, self._repeats = names, cases, repeats

    def plan(self, side: Side | Baseline) -> Plan:
        """What it will take; where nobody knows how long, the first cases are asked.

        Raises:
            ConfigurationError: there is no such feature, or a file is wrong.
        """
        if isinstance(side, Baseline):
            return Plan(0, {}, side.cases)
        settings = _settings_of(side)
        packages = named_features(self._names, settings)
        ahead = [self._ahead(each, settings) for each in packages]
        if unknown := [each for each in ahead if each.open and not each.seconds]:
            first = {each.package.FEATURE.name: each.cases[:_FIRST] for each in unknown}
            plan = asking.Plan(keep=results_folder(settings))
            asyncio.run(evaluate([each.package for each in unknown], settings, plan, first))
            ahead = [self._ahead(each, settings) for each in packages]
        cases = {
            each.package.FEATURE.name: {case.id: _hash(case) for case in each.cases}
            for each in ahead
        }
        calls = sum(len(each.cases) for each in ahead) * self._repeats
        return Plan(calls, {key: s for each in ahead for key, s in each.expected.items()}, cases)

    def evaluate(self, side: Side) -> Sequence[Evaluation]:
        """What comes of all of them; the side's model is gone from memory when this returns.

        Raises:
            GroundworkError: it cannot be asked.
        """
        settings = _settings_of(side)
        packages = named_features(self._names, settings)
        plan = asking.Plan(self._repeats, keep=results_folder(settings))
        return asyncio.run(evaluate(packages, settings, plan, own_cases(packages, self._cases)))

    def answers(self, side: Side | Baseline, plan: Plan) -> Baseline:
        """What a side answers, or answered."""
        if isinstance(side, Baseline):
            return side
        return Baseline(str(side), plan.cases, self.evaluate(side))

    def _ahead(self, package: FeaturePackage, settings: Settings) -> "_Ahead":
        feature = package.FEATURE
        own = own_cases([package], self._cases) or {}
        cases = own.get(feature.name, feature.cases)
        kept = Kept(results_folder(settings), feature.name, identity_of(feature, settings))
        keys = [kept.key(case.input, n) for case in cases for n in range(self._repeats)]
        seconds = [kept.said[key].seconds for key in keys if key in kept.said]
        return _Ahead(package, cases, [key for key in keys if key not in kept.said], seconds)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What there is to ask of a feature.

    Attributes:
        open: stand for the questions that have no answer yet.
        seconds: that the answers took which are kept.
    """

    package: FeaturePackage
    cases: Sequence[Case]
    open: Sequence[str]
    seconds: Sequence[float]

    @property
    def expected(self) -> dict[str, float | None]:
        """Seconds for each: the first, for which the model reads the examples, takes longest."""
        usual = median(self.seconds) if self.seconds else None
        longest = max(self.seconds, default=None)
        return dict.fromkeys(self.open, usual) | dict.fromkeys(self.open[:1], longest)


def _settings_of(side: Side) -> Settings:
    """The operator's settings for a side.

    Address and key are of one provider: another one's model does not get them.
    """
    given: dict[str, Any] = {"model": side.model}
    if side.base_url:
        given["base_url"] = side.base_url
    if side.features:
        given["features"] = side.features
    if side.adapters:
        given["adapters"] = side.adapters
    settings = load_settings(**given).alone()
    if side.base_url or Settings().model_name.provider == settings.model_name.provider:
        return settings
    return load_settings(**given, base_url=None, api_key=None).alone()


def _hash(case: Case) -> str:
    return hashlib.sha256(to_json(case)).hexdigest()[:16]
