"""Times in a histogram, and what of a reply can be compared."""

import random
from typing import Any

import pytest

from app.factory import create_app
from app.settings import Settings
from app.web.trial.operations import Operation, Operations, unkept
from app.web.trial.reports import Times


def test_percentiles_are_right_within_a_few_percent() -> None:
    lot = random.Random(7)  # noqa: S311
    seconds = [lot.lognormvariate(0, 2) for _ in range(10_000)]
    times = Times()
    for each in seconds:
        times.add(each)
    seconds.sort()
    for percent in (1, 50, 95, 100):
        exact = seconds[percent * len(seconds) // 100 - 1]
        assert times.percentile(percent) == pytest.approx(exact, rel=0.026)


def test_memory_is_bounded() -> None:
    times = Times()
    for number in range(100_000):
        times.add(number / 25)  # up to the longest request there is
    times.add(0)
    assert len(times._buckets) < 400  # pyright: ignore[reportPrivateUsage]


def test_nothing_has_no_percentile() -> None:
    assert Times().percentile(50) is None


def paths(path: str) -> set[str]:
    """What is compared of an endpoint's replies."""
    document = create_app(Settings(model="openai:any", base_url="http://127.0.0.1")).openapi
    operation = Operations(document).find(path)
    assert operation
    return {".".join(each) for each in operation.closed or ()}


def test_enums_and_booleans_are_compared_and_texts_and_probabilities_not() -> None:
    assert paths("/tickets") == {
        "category",
        "urgency",
        "sentiment",
        "needs_review",
        "flags.auto_reply",
        "flags.quoted_only",
        "flags.injection_suspected",
        "flags.truncated",
    }
    assert paths("/answers/stream") == paths("/answers") == {"action", "grounded", "truncated"}
    assert paths("/translations") == set()


def document_of(**fields: object) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "type": "object",
        "properties": {**fields, "model": {"type": "string"}},
    }
    content: dict[str, Any] = {
        "application/json": {"schema": {"$ref": "#/components/schemas/Reply"}}
    }
    responses = {"200": {"content": content}}
    post: dict[str, Any] = {"tags": ["x"], "requestBody": {"content": {}}, "responses": responses}
    components = {"Reply": reply, "Mood": {"type": "string", "enum": ["good", "bad"]}}
    return {"paths": {"/x": {"post": post}}, "components": {"schemas": components}}


MOOD = {"$ref": "#/components/schemas/Mood"}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("field", "one", "other", "differs"),
    [
        (MOOD, "good", "bad", True),
        ({"anyOf": [MOOD, NULL]}, "good", None, True),
        ({"type": "integer"}, 1, 2, True),
        ({"type": "number"}, 1, 1.0, False),
        ({"anyOf": [{"type": "boolean"}, NULL]}, True, False, True),
        ({"type": "array", "items": MOOD}, ["good", "bad"], ["bad", "good"], False),
        ({"type": "array", "items": MOOD}, ["good", "bad"], ["good"], True),
        ({"type": "string"}, "Good.", "Fine.", False),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, {"n": 1}, {"n": 2}, False),
        ({"type": "object", "properties": {"b": MOOD}}, {"b": "good"}, {"b": "bad"}, True),
        ({"type": "object", "properties": {"b": MOOD}}, {"b": "good"}, None, True),
    ],
)
def test_what_differs(field: object, one: object, other: object, *, differs: bool) -> None:
    operation = Operations(lambda: document_of(field=field)).find("/x")
    assert operation
    found = operation.differences({"field": one}, {"field": other})  # pyright: ignore
    assert [name.partition(".")[0] for name in found] == ["field"] * differs


def test_another_document_is_read_again() -> None:
    documents = [document_of(field=MOOD)]
    operations = Operations(lambda: documents[-1])
    assert operations.find("/x") == Operation("x", (("field",),))
    documents.append(document_of(other=MOOD))
    assert operations.find("/x") == Operation("x", (("other",),))


def test_proofs_are_found_wherever_they_are() -> None:
    kept, broken = ({"check": "figures", "kept": kept} for kept in (True, False))
    reply: Any = {"checks": [kept], "texts": [{"checks": [broken, kept]}, {"checks": [broken]}]}
    assert unkept(reply) == {"figures": 2}
