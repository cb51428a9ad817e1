"""Each metric: met, not met, and what cannot be expected of it."""

import json
from typing import Any

import pytest

from app.features.cases import case_of
from app.features.metrics import JUDGED, METRICS
from app.features.tickets import FEATURE

QUOTE = {"quote": "The lamp has a warranty of five years."}
SCORES: list[tuple[str, Any, Any, float]] = [
    ("exact", "high", "high", 1),
    ("exact", "high", "High", 0),
    ("exact", None, None, 1),
    ("exact", 1, 1.0, 1),
    ("exact", True, 1, 0),
    ("exact", {"a": 1, "b": [2]}, {"b": [2], "a": 1}, 1),
    ("one_of", ["low", "medium"], "MEDIUM", 1),
    ("one_of", ["low", None], None, 1),
    ("one_of", [1, 2], True, 0),
    ("one_of", ["low", "medium"], "high", 0),
    ("contains", [["45 days", "45-day"], "Euro"], "A 45-DAY refund in euros.", 1),
    ("contains", [["45 days", "45-day"], "Euro"], "45 days.", 0.5),
    ("contains", ["45"], None, 0),
    ("contains", ["lamp"], [{"name": "Lamp"}], 1),
    ("absent", ["60"], "45 days", 1),
    ("absent", ["60", "x"], "60 days", 0),
    ("matches", r"^\d+ days$", "45 days", 1),
    ("matches", r"^\d+ days$", "about 45 days", 0),
    ("matches", r"(a|aa)+$", "a" * 60 + "b", 0),
    ("within", {"value": 39, "by": 0.5}, 39.5, 1),
    ("within", {"value": 39, "by": 0.5}, 40, 0),
    ("within", {"value": 1, "by": 0}, True, 0),
    ("within", {"value": 39, "by": 1}, "39", 0),
    ("name", "Inkwell Pro", "inkwell-pro", 1),
    ("name", ["Duo Plus", None], None, 1),
    ("name", None, "Lumo", 0),
    ("chrf", "The lamp is bright.", "The lamp is bright.", 1),
    ("chrf", "The lamp is bright.", None, 0),
    ("overlap", ["A", "b"], ["a", "B"], 1),
    ("overlap", ["a", "b"], ["b", "c"], 0.5),
    ("overlap", ["a"], None, 0),
    ("overlap", [], [], 1),
    ("sources", ["a warranty of five years"], [QUOTE], 1),
    ("sources", ["It is safe.", f"{QUOTE['quote']} Keep the receipt."], [QUOTE], 1),
    ("sources", ["three years"], [QUOTE], 0),
    ("sources", ["three years"], [{"quote": ""}], 0),
    ("refusal", True, "model-refused", 1),
    ("refusal", True, "model-output-invalid", 0),
    ("refusal", True, None, 0),
]
WRONG: list[tuple[str, Any]] = [
    ("one_of", []),
    ("one_of", "low"),
    ("contains", []),
    ("contains", [[]]),
    ("contains", [1]),
    ("absent", "60"),
    ("absent", [""]),
    ("matches", "("),
    ("within", {"value": 1}),
    ("within", {"value": 1, "by": -1}),
    ("within", 1),
    ("name", 1),
    ("name", []),
    ("chrf", ""),
    ("chrf", ["a"]),
    ("overlap", "a"),
    ("sources", []),
    ("refusal", False),
    ("judge", ""),
    ("judge", ["It is short."]),
]


@pytest.mark.parametrize(
    ("metric", "expected", "got", "score"), SCORES, ids=lambda value: str(value)[:30]
)
def test_scores(metric: str, expected: Any, got: Any, score: float) -> None:
    METRICS[metric].expects.validate_python(expected)
    assert METRICS[metric].score(expected, got) == pytest.approx(score)


def test_chrf_is_between() -> None:
    assert 0.5 < METRICS["chrf"].score("The lamp is bright.", "The lamp was bright.") < 1


def test_every_metric_is_tried() -> None:
    assert {metric for metric, *_ in SCORES} | {JUDGED} == set(METRICS)
    assert {metric for metric, _ in WRONG} | {"exact"} == set(METRICS), "exact takes anything"
    assert all(metric.score.__doc__ for metric in METRICS.values())


@pytest.mark.parametrize(("metric", "expected"), WRONG, ids=lambda value: str(value)[:30])
def test_what_cannot_be_expected_is_refused_with_what_would_be_right(
    metric: str, expected: Any
) -> None:
    case = {"id": "c", "input": {"text": "Hi"}, "expected": {"issue": {metric: expected}}}
    with pytest.raises(ValueError, match=r"expected\.issue") as refused:
        case_of(json.dumps(case), FEATURE.takes, FEATURE.metrics)
    assert f"{metric} takes {METRICS[metric].right}" in str(refused.value)
