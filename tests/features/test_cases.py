"""What a line of ``cases.jsonl`` may say."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.features import FEATURES, FeaturePackage
from app.features.answers.query import QUERIES
from app.features.cases import Case, case_of, clusters_of, read_cases, value_at
from app.features.feature import Feature
from tests.features import titles

GOOD: dict[str, Any] = {"id": "c", "input": {"text": "Hi"}, "expected": {"title": "Greeting"}}
OWN = {"title": "name"}


def made(*, metrics: dict[str, str] | None = None, **changed: Any) -> Case:
    return case_of(json.dumps({**GOOD, **changed}), titles.Note, metrics or {})


def test_bare_value_is_compared_by_the_feature_s_own_metric_or_exactly() -> None:
    (exact,), (own,) = made().expected, made(metrics=OWN).expected
    assert dict(exact.metrics) == {"exact": "Greeting"}
    assert dict(own.metrics) == {"name": "Greeting"}
    assert own.score({"title": "GREE-TING"}, None, 0) == 1
    assert exact.score({"title": "GREE-TING"}, None, 0) == 0


def test_object_names_metrics_of_which_the_worst_counts() -> None:
    case = made(expected={"title": {"contains": ["a", "b"], "absent": ["c"]}})
    (expected,) = case.expected
    assert [expected.score({"title": text}, None, 0) for text in ("ab", "a", "abc")] == [1, 0.5, 0]
    assert case.expects("title", "absent") == ["c"]
    assert case.expects("title", "exact") is case.expects("text", "exact") is None


def test_problem_meets_nothing_but_a_refusal() -> None:
    case = made(expected={"title": {"absent": ["x"]}, "refused": {"refusal": True}})
    scores = [each.score(None, "model-refused", 1) for each in case.expected]
    assert scores == [0, 1]


def test_paths_lead_into_objects_and_lists() -> None:
    answer = {"texts": [{"text": "a"}], "own": {"x-1": True}, "none": None}
    found = [
        value_at(answer, path)
        for path in ("texts.0.text", "own.x-1", "texts.1.text", "own.y", "none.a", "own.x-1.z")
    ]
    assert found == ["a", True, None, None, None, None]
    with pytest.raises(ConfigurationError, match=r"wrong\.text.*It has texts, own, none"):
        value_at(answer, "wrong.text")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": ""}, "id"),
        ({"more": 1}, "more"),
        ({"input": {"txt": "Hi"}}, r"input\.text"),
        ({"input": "Hi"}, "input"),
        ({"expected": {}}, "expected"),
        ({"expected": {"title": {}}}, r"expected\.title: name a metric"),
        ({"expected": {"title": {"like": "x"}}}, r"no metric like; there are exact.*title\.like"),
        ({"expected": {"title..x": "y"}}, "'title..x' is no path such as"),
        ({"expected": {"0": "y"}}, "'0' is no path such as"),
        ({"about": ""}, "about"),
    ],
    ids=str,
)
def test_wrong_line_is_named_with_what_would_be_right(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{json.dumps({**GOOD, 'id': 'd', **changed})}\n", "utf-8")
    with pytest.raises(ValueError, match=rf"cases\.jsonl:2: .*{says}"):
        read_cases(file, titles.Note, {})


def test_two_cases_have_two_names(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n" * 2, "utf-8")
    with pytest.raises(ValueError, match=r"cases\.jsonl:2: there is a case c above"):
        read_cases(file, titles.Note, {})


@pytest.mark.parametrize(
    ("metrics", "says"),
    [({"title": "like"}, "no metric like"), ({"a b": "exact"}, "'a b' is no path")],
)
def test_feature_with_a_wrong_metric_does_not_start(metrics: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Feature titles: metrics.*{says}"):
        Feature("titles", asks=titles.Note, gives=titles.Title, metrics=metrics)


def test_cases_of_the_same_documents_are_a_cluster() -> None:
    documents = [{"text": "A."}]
    inputs: list[dict[str, Any]] = [
        {"documents": documents},
        {},
        {"documents": [dict(*documents)]},
        {"documents": [{"text": "B."}]},
        {},
        {"documents": []},
        {"documents": []},
    ]
    about = {4: "x"}
    cases = [Case(str(n), body, (), about.get(n)) for n, body in enumerate(inputs)]
    assert list(clusters_of(cases)) == ["0", "1", "0", "3", "x", "5", "6"]


@pytest.mark.parametrize("package", FEATURES, ids=lambda package: package.FEATURE.name)
def test_features_have_cases(package: FeaturePackage) -> None:
    assert len(package.FEATURE.cases) > 50


def test_query_s_cases_are_of_its_text() -> None:
    assert {each.path for case in QUERIES.cases for each in case.expected} == {"text"}
