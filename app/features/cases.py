"""Cases: what a feature is asked, and what is expected of its answer, declared and not coded.

One line of ``cases.jsonl``::

    {"id": "a-01", "input": {…}, "expected": {"action": "answer", "answer": {"contains": ["45"]}}}

``input`` is the body of the request. ``expected`` maps a dotted path into the response to what is
expected there: a bare value, compared by the feature's own metric for that path or else exactly; or
an object of metrics by name. ``about``, optional, names what a case has in common with others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.errors import ConfigurationError, first_of
from app.features.files import text_of, wrong
from app.features.metrics import JUDGED, METRICS, REFUSAL

_PATH: Final = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
_EXACT: Final = "exact"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    input: dict[str, JsonValue]
    expected: dict[str, JsonValue] = Field(min_length=1)
    about: str | None = Field(default=None, min_length=1)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected at a path: a value for each metric, by its name."""

    path: str
    metrics: Mapping[str, Any]

    @property
    def criterion(self) -> str | None:
        """What the model judges, if it does."""
        return self.metrics.get(JUDGED)

    def score(self, answer: Mapping[str, Any] | None, problem: str | None, judged: float) -> float:
        """How well it is met: as well as the metric that is met least, 0 to 1.

        Args:
            answer: the response's body; None if it is a problem.
            problem: the problem's code.
            judged: the model's verdict, where it judges.
        """
        if REFUSAL in self.metrics:
            return METRICS[REFUSAL].score(self.metrics[REFUSAL], problem)
        if answer is None:
            return 0.0
        got = value_at(answer, self.path)
        return min(
            judged if name == JUDGED else METRICS[name].score(expected, got)
            for name, expected in self.metrics.items()
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A test case, as a line says it."""

    id: str
    input: dict[str, Any]
    expected: tuple[Expectation, ...]
    about: str | None = None

    def expects(self, path: str, metric: str) -> Any:
        """What a metric expects at a path; None if the case says nothing of it."""
        found = (each.metrics.get(metric) for each in self.expected if each.path == path)
        return next(found, None)


def case_of(line: str | bytes, takes: type[BaseModel], metrics: Mapping[str, str]) -> Case:
    """A case out of a line of JSON; raises ``ValueError`` with what would be right.

    Args:
        line: it.
        takes: what the feature's endpoint takes.
        metrics: the feature's own metrics of bare values, by path.
    """
    try:
        read = _Line.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(first_of(error)) from error
    try:
        takes.model_validate(read.input)
    except ValidationError as error:
        raise ValueError(f"input.{first_of(error)}") from error
    expected = tuple(_expectation(*item, metrics) for item in read.expected.items())
    return Case(read.id, read.input, expected, read.about)


def read_cases(path: Path, takes: type[BaseModel], metrics: Mapping[str, str]) -> list[Case]:
    """The cases of a file, as of :func:`case_of`; a ``ValueError`` names file and line."""
    cases: dict[str, Case] = {}
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        try:
            case = case_of(line, takes, metrics)
        except ValueError as error:
            raise ValueError(wrong(path, number, str(error))) from error
        if case.id in cases:
            raise ValueError(wrong(path, number, f"there is a case {case.id} above; name it anew"))
        cases[case.id] = case
    return list(cases.values())


def known_metrics(metrics: Mapping[str, str]) -> Mapping[str, str]:
    """A feature's metrics by path; raises ``ValueError`` for what is no metric or no path."""
    for path, metric in metrics.items():
        _require("metrics", path, [metric])
    return metrics


def clusters_of(cases: Sequence[Case]) -> Iterator[str]:
    """What each case has in common with others: ``about``, or the same documents; else its id."""
    seen: list[tuple[Any, str]] = []
    for case in cases:
        documents = case.input.get("documents")
        alike = (name for known, name in seen if documents and known == documents)
        cluster = case.about or next(alike, case.id)
        seen.append((documents, cluster))
        yield cluster


def value_at(answer: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is nothing.

    Raises ``ConfigurationError`` where the response has no such field at all.
    """
    first, *rest = path.split(".")
    if first not in answer:
        raise ConfigurationError(
            f"A case expects something of {path}, which the response does not have. "
            f"It has {', '.join(answer)}."
        )
    value: Any = answer[first]
    for part in rest:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):  # pyright: ignore[reportUnknownArgumentType]
            value = value[int(part)]  # pyright: ignore[reportUnknownVariableType]
        else:
            value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore
    return value  # pyright: ignore[reportUnknownVariableType]


def _expectation(path: str, expected: JsonValue, metrics: Mapping[str, str]) -> Expectation:
    named = expected if isinstance(expected, dict) else {metrics.get(path, _EXACT): expected}
    _require("expected", path, named)
    if not named:
        raise ValueError(f'expected.{path}: name a metric, such as {{"contains": ["45 days"]}}')
    for name, value in named.items():
        try:
            METRICS[name].expects.validate_python(value)
        except ValidationError as error:
            right = f"{name} takes {METRICS[name].right} ({first_of(error)})"
            raise ValueError(f"expected.{path}: {right}") from error
    return Expectation(path, named)


def _require(where: str, path: str, metrics: Iterable[str]) -> None:
    if not _PATH.fullmatch(path):
        raise ValueError(f"{where}: {path!r} is no path such as answer or translations.0.text")
    for name in metrics:
        if name not in METRICS:
            raise ValueError(
                f"{where}.{path}: there is no metric {name}; there are {', '.join(METRICS)} "
                f"(a field within is {path}.{name})"
            )
