"""An evaluation as people and programs read it: text, Markdown, JSON, JUnit's XML."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np
from pydantic_core import to_json

from app.callers.policies import MONEY, Prices
from app.evaluation.results import Evaluation, Outcome
from app.evaluation.statistics import bootstrap, wilson
from app.features.metrics import JUDGED
from app.web.trial.operations import unkept

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
    """What a table shows of an evaluation."""

    rows: Sequence[Row]  # of each score, and of the whole case
    asked: int  # answers and problems
    problems: dict[str, int]  # how many, by code
    repaired: int
    unkept: dict[str, int]  # in how many answers a check was not kept, by its name
    tokens: tuple[int, int, int]  # in, out, and those of ``in`` that came from a cache
    cost: float | None  # of the tokens, where prices are known
    seconds: tuple[float, float]  # the median and the 95th percentile
    first: tuple[float, float] | None  # likewise to a stream's first event


def summary_of(evaluation: Evaluation) -> Summary:
    """The figures of an evaluation that has outcomes."""
    outcomes = evaluation.outcomes
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.scores)
    scored = {
        name: [(each, each.scores[name]) for each in outcomes if name in each.scores]
        for name in names
    } | {WHOLE: [(each, each.score) for each in outcomes]}
    counted = [(each.input_tokens, each.output_tokens, each.cached_tokens) for each in outcomes]
    read, written, cached = map(sum, zip(*counted, strict=True))
    named = evaluation.prices
    prices = Prices(**{"cached": named.get("input", 0.0), **named})
    firsts = [each.first for each in outcomes if each.first is not None]
    return Summary(
        rows=[_row(name, evaluation.metrics.get(name, ""), each) for name, each in scored.items()],
        asked=len(outcomes),
        problems=dict(Counter(each.problem for each in outcomes if each.problem)),
        repaired=sum(each.repaired for each in outcomes),
        unkept=dict(Counter(name for each in outcomes for name in unkept(each.answer))),
        tokens=(read, written, cached),
        cost=prices.cost(read, written, cached) / MONEY if named else None,
        seconds=_percentiles([each.seconds for each in outcomes]),
        first=_percentiles(firsts) if firsts else None,
    )


def as_text(evaluation: Evaluation) -> str:
    """A table for a terminal."""
    title, table, notes = _parts(evaluation)
    return "\n".join((title, *(f"  {line}" for line in (*aligned(table, 1), *notes))))


def as_markdown(evaluation: Evaluation) -> str:
    """The same in Markdown."""
    title, table, notes = _parts(evaluation)
    listed = (f"- {note}" for note in notes)
    return "\n".join((f"## {title}", "", *in_markdown(table, 1), "", *listed))


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
        figures = {
            "name": _xml(f"{evaluation.feature} on {evaluation.model}"),
            "tests": len(outcomes),
            "failures": sum(each.problem is None and each.score < 1 for each in outcomes),
            "errors": sum(each.problem is not None for each in outcomes),
            "time": f"{sum(each.seconds for each in outcomes):.3f}",
        }
        suite = ET.SubElement(root, "testsuite", {key: str(of) for key, of in figures.items()})
        for each in outcomes:
            name = _xml(f"{each.id} (repeat {each.repeat})" if each.repeat else each.id)
            told = {"classname": evaluation.feature, "name": name, "time": f"{each.seconds:.3f}"}
            case = ET.SubElement(suite, "testcase", told)
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
    means = [*map(fmean, by_case.values())]
    if set(means) <= {0.0, 1.0} and len(set(clusters.values())) == len(means):
        low, high = wilson(round(sum(means)), len(means))
    else:
        low, high = bootstrap(means, list(clusters.values()))
    return Row(name, metrics, sum(means) / len(means), max(0.0, low), high, len(means))


def _parts(evaluation: Evaluation) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """Title, table and what is below it."""
    summary = summary_of(evaluation)
    table = [_HEAD, *map(_cells, summary.rows)]
    valid = summary.asked - sum(summary.problems.values())
    read, written, cached = summary.tokens
    notes = [
        f"valid: {valid} of {summary.asked}{_listed(summary.problems)}",
        f"repaired: {summary.repaired} of {summary.asked}",
        f"checks not kept: {sum(summary.unkept.values())}{_listed(summary.unkept)}",
        f"tokens: {read} in ({cached} cached), {written} out",
        f"seconds: {_timed(summary.seconds)}",
    ]
    if summary.first:
        notes.append(f"seconds to the first token: {_timed(summary.first)}")
    if summary.cost is not None:
        notes.append(f"cost: {summary.cost:.4g}")
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


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return float(p50), float(p95)


def _timed(seconds: tuple[float, float]) -> str:
    return "{:.2f} (p50), {:.2f} (p95)".format(*seconds)


def _xml(text: str) -> str:
    """Without the characters that XML cannot have."""
    return _NOT_XML.sub("\ufffd", text)


def aligned(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """The lines of a table below its head, whose first columns are words, the others figures."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = "<" * words + ">" * (len(widths) - words)
    return [
        "  ".join(f"{c:{side}{w}}" for c, side, w in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def in_markdown(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """The same as Markdown has it; what is in the cells has to be Markdown already."""
    head, *others = rows
    rule = ["---"] * words + ["--:"] * (len(head) - words)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *others)]
