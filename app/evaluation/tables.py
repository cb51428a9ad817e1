"""An evaluation as people and programs read it: text, Markdown, JSON, JUnit's XML."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast
from xml.etree import ElementTree as ET

import numpy as np
from pydantic_core import to_json

from app.evaluation.results import Evaluation, Outcome
from app.evaluation.statistics import bootstrap_mean, wilson
from app.features.metrics import JUDGED

WHOLE: Final = "whole case"
_HEAD: Final = ("", "mean", "95 % interval", "cases")
_MARK: Final = "Judged by the model itself: *"
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A score over all cases that have it: its mean with the interval, 0 to 1."""

    score: str
    metrics: str
    mean: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a table shows of an evaluation.

    Attributes:
        rows: of each score, and of the whole case.
        asked: how many answers or problems there are.
        problems: how many, by code.
        repaired: how many answers took a repair.
        unkept: in how many answers a check was not kept, by its name.
        tokens: in, out, and those of ``in`` that came from a cache, all together.
        seconds: the median and the 95th percentile.
    """

    rows: Sequence[Row]
    asked: int
    problems: dict[str, int]
    repaired: int
    unkept: dict[str, int]
    tokens: tuple[int, int, int]
    seconds: tuple[float, float]


def summary_of(evaluation: Evaluation) -> Summary:
    """The figures of an evaluation that has outcomes."""
    outcomes = evaluation.outcomes
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.scores)
    rows = [
        _row(
            name,
            evaluation.metrics.get(name, ""),
            [(each, each.scores[name]) for each in outcomes if name in each.scores],
        )
        for name in names
    ]
    rows.append(_row(WHOLE, "", [(each, each.score) for each in outcomes]))
    p50, p95 = np.quantile([each.seconds for each in outcomes], [0.5, 0.95])
    return Summary(
        rows=rows,
        asked=len(outcomes),
        problems=dict(Counter(each.problem for each in outcomes if each.problem)),
        repaired=sum(each.repaired for each in outcomes),
        unkept=dict(Counter(name for each in outcomes for name in set(_unkept(each.answer)))),
        tokens=(
            sum(each.input_tokens for each in outcomes),
            sum(each.output_tokens for each in outcomes),
            sum(each.cached_tokens for each in outcomes),
        ),
        seconds=(float(p50), float(p95)),
    )


def as_text(evaluation: Evaluation) -> str:
    """A table for a terminal."""
    title, table, notes = _parts(evaluation)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        f"{first:{widths[0]}}  "
        + "  ".join(f"{c:>{w}}" for c, w in zip(rest, widths[1:], strict=True))
        for first, *rest in table
    ]
    return "\n".join((title, *(f"  {line}" for line in (*lines, *notes))))


def as_markdown(evaluation: Evaluation) -> str:
    """The same in Markdown."""
    title, (head, *rows), notes = _parts(evaluation)
    table = (head, ("---", "---:", "---:", "---:"), *rows)
    lines = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join((f"## {title}", "", *lines, "", *(f"- {note}" for note in notes)))


def as_json(evaluations: Sequence[Evaluation]) -> bytes:
    """Everything: the figures, and each outcome with what was asked and answered."""
    return to_json(
        [{**asdict(each), "summary": asdict(summary_of(each))} for each in evaluations], indent=2
    )


def as_junit(evaluations: Sequence[Evaluation]) -> bytes:
    """A suite for each feature; a case fails that is not met as a whole."""
    root = ET.Element("testsuites")
    for evaluation in evaluations:
        outcomes = evaluation.outcomes
        failed = sum(each.problem is None and each.score < 1 for each in outcomes)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(f"{evaluation.feature} on {evaluation.model}"),
            tests=str(len(outcomes)),
            failures=str(failed),
            errors=str(sum(each.problem is not None for each in outcomes)),
            time=f"{sum(each.seconds for each in outcomes):.3f}",
        )
        for each in outcomes:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=evaluation.feature,
                name=_xml(each.id if not each.repeat else f"{each.id} (repeat {each.repeat})"),
                time=f"{each.seconds:.3f}",
            )
            if each.problem:
                ET.SubElement(case, "error", message=each.problem)
            elif each.score < 1:
                missed = {name: round(score, 3) for name, score in each.scores.items() if score < 1}
                said = ET.SubElement(case, "failure", message=_xml(to_json(missed).decode()))
                said.text = _xml(to_json(each.answer, indent=2).decode())
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _row(name: str, metrics: str, scored: Sequence[tuple[Outcome, float]]) -> Row:
    """Repeats count as one; what is met or not gets Wilson's interval, unless cases are alike."""
    by_case: dict[str, list[float]] = {}
    clusters: dict[str, str] = {}
    for outcome, score in scored:
        by_case.setdefault(outcome.id, []).append(score)
        clusters[outcome.id] = outcome.cluster
    means = [sum(each) / len(each) for each in by_case.values()]
    if set(means) <= {0.0, 1.0} and len(set(clusters.values())) == len(means):
        low, high = wilson(round(sum(means)), len(means))
    else:
        low, high = bootstrap_mean(means, list(clusters.values()))
    return Row(name, metrics, sum(means) / len(means), low, high, len(means))


def _parts(evaluation: Evaluation) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """Title, table and what is below it."""
    summary = summary_of(evaluation)
    table = [_HEAD, *map(_cells, summary.rows)]
    valid = summary.asked - sum(summary.problems.values())
    tokens, (p50, p95) = summary.tokens, summary.seconds
    notes = [
        f"valid: {valid} of {summary.asked}{_listed(summary.problems)}",
        f"repaired: {summary.repaired} of {summary.asked}",
        f"checks not kept: {sum(summary.unkept.values())}{_listed(summary.unkept)}",
        f"tokens: {tokens[0]} in ({tokens[2]} cached), {tokens[1]} out",
        f"seconds: {p50:.2f} (p50), {p95:.2f} (p95)",
    ]
    if any(JUDGED in row.metrics.split(", ") for row in summary.rows):
        notes.append(_MARK)
    return f"{evaluation.feature} on {evaluation.model}", table, notes


def _cells(row: Row) -> tuple[str, ...]:
    mark = "*" if JUDGED in row.metrics.split(", ") else ""
    name = f"{row.score} ({row.metrics}{mark})" if row.metrics else row.score
    interval = f"{100 * row.low:.1f} to {100 * row.high:.1f}"
    return name, f"{100 * row.mean:.1f}", interval, str(row.cases)


def _listed(counts: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in counts.items())})" if counts else ""


def _unkept(value: Any) -> Iterator[str]:
    """Names of the checks that are not kept, wherever they stand in a response."""
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _unkept(each)
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if fields.get("kept") is False and "check" in fields:
            yield str(fields["check"])
        for each in fields.values():
            yield from _unkept(each)


def _xml(text: str) -> str:
    """Without the characters that XML cannot have."""
    return _NOT_XML.sub("\ufffd", text)
