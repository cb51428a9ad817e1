"""Evaluations as text, Markdown, JSON and XML."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from app.evaluation.results import Evaluation, Outcome
from app.evaluation.statistics import bootstrap, wilson
from app.evaluation.tables import WHOLE, as_json, as_junit, as_markdown, as_text, summary_of

CHECKS = [{"check": "numbers", "kept": False}, {"check": "urls", "kept": True}]
RIGHT = Outcome(
    "a",
    "a",
    0,
    {"text": "x"},
    {"urgency": 1, "summary": 0.5},
    {"urgency": "low", "checks": []},
    repaired=True,
    input_tokens=100,
    output_tokens=10,
    cached_tokens=60,
    seconds=1,
)
WRONG = replace(
    RIGHT,
    id="b",
    cluster="b",
    scores={"urgency": 0, "summary": 0.2},
    answer={"said": "a <tag>", "texts": [{"checks": CHECKS}, {"checks": CHECKS}]},
    repaired=False,
    seconds=3,
)
FAILED = replace(
    WRONG, id="c", cluster="c", scores={"urgency": 0}, answer=None, problem="model-output-invalid"
)
METRICS = {"urgency": "exact", "summary": "contains, judge"}
MADE = Evaluation("tickets", "embedded", "0" * 64, 0.05, (RIGHT, WRONG, FAILED), METRICS)


def test_summary_counts_what_is_there() -> None:
    summary = summary_of(MADE)
    assert [(row.score, row.cases) for row in summary.rows] == [
        ("urgency", 3),
        ("summary", 2),
        (WHOLE, 3),
    ]
    urgency, scored, whole = summary.rows
    assert urgency.mean == pytest.approx(1 / 3)
    assert (urgency.low, urgency.high) == wilson(1, 3)
    low, high = bootstrap([0.5, 0.2], ["a", "b"])
    assert (scored.low, scored.high) == (max(0.0, low), high)
    assert whole.mean == pytest.approx((0.75 + 0.1 + 0) / 3)
    assert (summary.problems, summary.repaired) == ({"model-output-invalid": 1}, 1)
    assert summary.unkept == {"numbers": 1}, "once for an answer"
    assert summary.tokens == (300, 30, 180)
    assert summary.seconds == (3, 3)
    assert (summary.cost, summary.first) == (None, None)


def test_cost_and_first_token_are_told_where_they_are_known() -> None:
    prices = {"input": 2.0, "output": 5.0}
    for cached, cost in ((None, 0.00075), (0.5, 0.00048)):
        known = prices | ({} if cached is None else {"cached": cached})
        made = replace(MADE, prices=known, outcomes=(replace(RIGHT, first=0.25), WRONG, FAILED))
        summary = summary_of(made)
        assert summary.cost == pytest.approx(cost)
        assert summary.first == (0.25, 0.25)
        for said in (as_text(made), as_markdown(made)):
            assert f"cost: {cost}" in said
            assert "seconds to the first token: 0.25 (p50), 0.25 (p95)" in said
    for said in (as_text(MADE), as_markdown(MADE)):
        assert "cost" not in said
        assert "first" not in said


def test_repeats_count_as_one_case_and_alike_cases_by_bootstrap() -> None:
    repeated = [replace(RIGHT, scores={"urgency": n % 2}, repeat=n) for n in range(4)]
    (row, _) = summary_of(replace(MADE, outcomes=repeated)).rows
    assert (row.mean, row.cases) == (0.5, 1)
    alike = [replace(RIGHT, id=f"{n}", cluster="x", scores={"urgency": n % 2}) for n in range(4)]
    (row, _) = summary_of(replace(MADE, outcomes=alike)).rows
    assert (row.cases, row.low, row.high) == (4, 0.0, 1.0), "one cluster tells nothing of others"


def test_text_and_markdown_have_the_same_figures() -> None:
    text, markdown = as_text(MADE), as_markdown(MADE)
    for said in (text, markdown):
        assert "tickets on embedded" in said
        assert "urgency (exact)" in said
        assert "summary (contains, judge*)" in said
        assert "Judged by the model itself: *" in said
        assert "valid: 2 of 3 (model-output-invalid 1)" in said
        assert "repaired: 1 of 3" in said
        assert "checks not kept: 1 (numbers 1)" in said
        assert "tokens: 300 in (180 cached), 30 out" in said
        assert "33.3" in said
    assert len({line.count("|") for line in markdown.splitlines() if "|" in line}) == 1
    assert "Judged" not in as_text(replace(MADE, metrics={}))


def test_json_has_everything() -> None:
    (made,) = json.loads(as_json([MADE]))
    assert (made["feature"], made["identity"], made["metrics"]) == ("tickets", "0" * 64, METRICS)
    assert [each["id"] for each in made["outcomes"]] == ["a", "b", "c"]
    assert made["outcomes"][1]["answer"] == WRONG.answer
    assert made["summary"]["rows"][0]["cases"] == 3


def test_junit_is_xml_with_failures_and_errors() -> None:
    again = replace(RIGHT, repeat=1, scores={"urgency": 1})
    bell = replace(WRONG, id="b\x07")
    (suite,) = ET.fromstring(as_junit([replace(MADE, outcomes=(RIGHT, again, bell, FAILED))]))  # noqa: S314
    assert dict(suite.items()) == {
        "name": "tickets on embedded",
        "tests": "4",
        "failures": "2",
        "errors": "1",
        "time": "8.000",
    }
    assert [case.get("name") for case in suite] == ["a", "a (repeat 1)", "b\ufffd", "c"]
    right, met, wrong, failed = suite
    assert len(met) == 0
    assert json.loads(right[0].get("message") or "") == {"summary": 0.5}
    assert wrong[0].tag == "failure"
    assert "<tag>" in (wrong[0].text or "")
    assert (failed[0].tag, failed[0].get("message")) == ("error", "model-output-invalid")


def test_statistics_are_those_of_the_books() -> None:
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    low, high = bootstrap([0.0, 1.0] * 50, [str(n) for n in range(100)])
    assert (low, high) == pytest.approx((0.4, 0.6), abs=0.03)
