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
from app.evaluation.gate.sides import Plan, Side
from app.evaluation.identity import identity_of
from app.evaluation.kept import Kept
from app.evaluation.results import Evaluation
from app.evaluation.running import evaluate
from app.features import FeaturePackage
from app.features.cases import Case
from app.settings import Settings, load_settings

_FIRST: Final = 2  # cases of a feature that are asked to know how long the others will take


class ServiceEvaluator:
    """Asks features their cases."""

    def __init__(self, names: Sequence[str], cases: Path | None, repeats: int) -> None:
        """Choose what to ask.

        Args:
            names: of the features; all if there is none.
            cases: a file of cases of the one feature, rather than its own.
            repeats: how often each case is asked.
        """
        self._names, self._cases, self._repeats = names, cases, repeats

    def plan(self, side: Side) -> Plan:
        """What is kept, and how long it took; where that is unknown, the first cases are asked."""
        settings = _settings_of(side)
        packages = named_features(self._names, settings)
        ahead = [self._ahead(each, settings) for each in packages]
        unknown = [each for each in ahead if not each.seconds and each.calls]
        if unknown:
            first = {each.package.FEATURE.name: each.cases[:_FIRST] for each in unknown}
            chosen = [each.package for each in unknown]
            _ask(chosen, settings, asking.Plan(keep=results_folder(settings)), first)
            ahead = [self._ahead(each, settings) for each in packages]
        return Plan(
            calls=sum(each.calls for each in ahead),
            kept=sum(len(each.seconds) for each in ahead),
            seconds=_total(ahead),
            cases={
                each.package.FEATURE.name: {case.id: _hash(case) for case in each.cases}
                for each in ahead
            },
        )

    def evaluate(self, side: Side) -> Sequence[Evaluation]:
        """Ask all of them."""
        settings = _settings_of(side)
        packages = named_features(self._names, settings)
        plan = asking.Plan(self._repeats, keep=results_folder(settings))
        return _ask(packages, settings, plan, own_cases(packages, self._cases))

    def _ahead(self, package: FeaturePackage, settings: Settings) -> "_Ahead":
        feature = package.FEATURE
        own = own_cases([package], self._cases) or {}
        cases = own.get(feature.name, feature.cases)
        kept = Kept(results_folder(settings), feature.name, identity_of(feature, settings))
        keys = [kept.key(case.input, n) for case in cases for n in range(self._repeats)]
        seconds = [kept.said[key].seconds for key in keys if key in kept.said]
        return _Ahead(package, cases, len(keys), seconds)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What there is to ask of a feature.

    Attributes:
        calls: all of them.
        seconds: those of the ones that are kept.
    """

    package: FeaturePackage
    cases: Sequence[Case]
    calls: int
    seconds: Sequence[float]

    @property
    def open(self) -> int:
        return self.calls - len(self.seconds)


def _total(ahead: Sequence[_Ahead]) -> float | None:
    """Seconds, one call after the other; None if nothing is known of a feature."""
    if any(each.open and not each.seconds for each in ahead):
        return None
    return sum(each.open * median(each.seconds) for each in ahead if each.open)


def _ask(
    packages: Sequence[FeaturePackage], settings: Settings, plan: asking.Plan, cases: Any
) -> list[Evaluation]:
    return asyncio.run(evaluate(packages, settings, plan, cases))


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
