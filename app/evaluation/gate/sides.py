"""The gate: the same cases on both sides of a change, one side after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.errors import ConfigurationError, first_of
from app.evaluation.gate.report import Report
from app.evaluation.gate.verdicts import judge
from app.evaluation.kept import is_model_s_own
from app.evaluation.results import Evaluation

Hashes = Mapping[str, Mapping[str, str]]
"""Of each feature, and each of its cases by id: a hash of what is asked and expected."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is asked: the settings of these names, those of the service where they are None."""

    model: str
    base_url: str | None = None
    features: Path | None = None
    adapters: str | None = None

    def __str__(self) -> str:
        at = f" at {self.base_url}" if self.base_url else ""
        told = "".join(f" with {each}" for each in (self.features, self.adapters) if each)
        return f"{self.model}{at}{told}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What asking a side will take."""

    calls: int  # requests to the service
    open: Mapping[str, float | None]  # those not answered before; seconds, as far as is known
    cases: Hashes  # of what is asked


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a side answered, kept in a file."""

    side: str  # what was asked, in words
    cases: Hashes
    evaluations: Sequence[Evaluation] = field(default_factory=tuple)

    def __str__(self) -> str:
        return self.side

    def only(self, features: Sequence[str]) -> "Baseline":
        """What it has of these features, or of all if none is named."""
        chosen = [one for one in self.evaluations if not features or one.feature in features]
        return replace(self, evaluations=chosen)


_FILE: Any = TypeAdapter(Baseline)


def read_baseline(path: Path) -> Baseline:
    """A baseline out of its file; ``ConfigurationError`` if it cannot be read, or is none."""
    try:
        return _FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}.") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path} is no baseline: {first_of(error)}.") from error


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline as lines that a diff can tell apart."""
    path.write_bytes(to_json(baseline, indent=1) + b"\n")


def check_cases(before: Hashes, after: Hashes, sides: tuple[str, str]) -> None:
    """See that both have the same case by an id; ``ConfigurationError`` if not, or if none."""
    is_same = {
        f"{feature} {case}": hashed == after[feature][case]
        for feature, cases in before.items()
        for case, hashed in cases.items()
        if case in after.get(feature, {})
    }
    if not is_same:
        raise ConfigurationError(f"{' and '.join(sides)} have no case in common.")
    if changed := sorted(name for name, same in is_same.items() if not same):
        rest = f" and {len(changed) - 1} more" if changed[1:] else ""
        raise ConfigurationError(
            f"{' and '.join(sides)} have other cases by the same id: {changed[0]}{rest}; give both "
            "the same, or write the baseline anew."
        )


def compared(before: Baseline, after: Baseline) -> Report:
    """What the gate says; ``ConfigurationError`` if one side's server did not answer a feature."""
    old, new = ({one.feature for one in each.evaluations} for each in (before, after))
    verdicts = judge(before.evaluations, after.evaluations)
    if lost := sorted(old & new - {verdict.feature for verdict in verdicts}):
        raise ConfigurationError(_unanswered(lost[0], before, after))
    return Report(before.side, after.side, verdicts, sorted(old ^ new))


def _unanswered(feature: str, *sides: Baseline) -> str:
    problems = {
        outcome.problem
        for side in sides
        for evaluation in side.evaluations
        if evaluation.feature == feature
        for outcome in evaluation.outcomes
        if outcome.problem and not is_model_s_own(outcome.problem)
    }
    return f"No case of {feature} was answered on both sides: {', '.join(sorted(problems))}."
