"""The OpenAPI document: the committed snapshot, what generators need, and examples that work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi.exceptions import RequestValidationError
from openapi_spec_validator import validate

from app.factory import create_app
from app.features import FEATURES
from app.settings import Settings
from tests.wire.service import service_on

Json = dict[str, Any]

SNAPSHOT = Path("openapi.json")
MANY = 2_000
WRONG: Json = {
    "list": [{}] * MANY,
    "map": {f"key-{number}": {} for number in range(MANY)},
    "nested": [[{}] * MANY],
    "long": "a" * 200_000,
}


@pytest.fixture(scope="module")
def document() -> Json:
    app = create_app(Settings(model="openai:any", base_url="http://127.0.0.1"))
    return json.loads(json.dumps(app.openapi()))


def operations(document: Json) -> list[tuple[str, Json]]:
    return [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]


def component(document: Json, schema: Json) -> Json:
    """The schema, or the one that it refers to."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def bodies(document: Json) -> Iterator[tuple[str, Json]]:
    """Each path that takes JSON, and the schema of that."""
    for path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            yield path, component(document, content["application/json"]["schema"])


def test_snapshot_is_up_to_date(document: Json) -> None:
    assert json.loads(SNAPSHOT.read_text("utf-8")) == document, "run `make snapshot`"


def test_document_is_valid(document: Json) -> None:
    validate(document)


def test_operations_have_what_generators_want(document: Json) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, operation in operations(document):
        assert operation["operationId"].isidentifier(), path
        assert len(operation["operationId"]) <= 20, path
        assert operation["tags"], path
        assert operation["summary"], path
        if "requestBody" in operation:
            assert {"400", "413", "415", "422", "500", "502", "503", "504"} <= set(
                operation["responses"]
            )


def test_streams_declare_their_events(document: Json) -> None:
    streams = [operation for path, operation in operations(document) if path.endswith("/stream")]
    assert streams
    for operation in streams:
        content = operation["responses"]["200"]["content"]
        assert list(content) == ["text/event-stream"]
        union = component(document, content["text/event-stream"]["schema"])
        events = union["discriminator"]["mapping"]
        assert set(events) >= {"delta", "completed", "failed"}
        completed = component(document, {"$ref": events["completed"]})
        assert set(completed["required"]) == {"type", "result"}
        assert events["failed"] == "#/components/schemas/Failed"


def test_replies_say_what_they_took(document: Json) -> None:
    for package in FEATURES:
        operation = document["paths"][f"/{package.FEATURE.name}"]["post"]
        content = operation["responses"]["200"]["content"]["application/json"]
        reply = component(document, content["schema"])
        assert {"model", "usage"} <= set(reply["required"])
        assert set(reply["required"]) == set(reply["properties"])


def test_every_operation_with_a_body_has_an_example(document: Json) -> None:
    for path, operation in operations(document):
        body = operation.get("requestBody")
        if body is None:
            continue
        content = body["content"]
        if "application/json" not in content:
            assert content["message/rfc822"]["example"], path
            continue
        assert component(document, content["application/json"]["schema"])["examples"], path
    assert {f"/{package.FEATURE.name}" for package in FEATURES} <= set(document["paths"])


async def test_examples_work_when_pasted(document: Json, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    database = f"sqlite:///{tmp_path / 'batches.db'}"
    async with service_on(knowledge="sample", store=store, database=database) as client:
        asked = {"question": "How long?", "documents": [{"text": "It lasts three years."}]}
        message = (await client.post("/answers", json=asked)).json()["message_id"]
        for path, schema in bodies(document):
            for example in schema["examples"]:
                here = path.replace("{message_id}", message)
                response = await client.post(here, json=example)
                assert response.status_code in (200, 201), (path, response.text)
        for path, operation in operations(document):
            content = operation.get("requestBody", {}).get("content", {})
            if "message/rfc822" in content:
                raw = content["message/rfc822"]["example"]
                headers = {"content-type": "message/rfc822"}
                response = await client.post(path, content=raw, headers=headers)
                assert response.status_code == 200, response.text


# Bounds ------------------------------------------------------------------------------------------


def unbounded(document: Json, schema: Json, at: str, seen: set[str]) -> Iterator[str]:
    """Places of strings, lists and maps of any size."""
    if (name := schema.get("$ref")) in seen:
        return
    seen |= {name} if name else set()
    node = component(document, schema)
    kinds = node["type"] if isinstance(node.get("type"), list) else [node.get("type")]
    is_map = isinstance(node.get("additionalProperties"), dict)
    for kind, is_bounded in (
        ("string", node.keys() & {"maxLength", "enum", "const", "pattern"}),
        ("array", "maxItems" in node),
        ("object", not is_map or node.keys() & {"maxProperties", "propertyNames"}),
    ):
        if kind in kinds and not is_bounded:
            yield at
    below: list[tuple[str, Any]] = [*node.get("properties", {}).items()]
    below += [(key, node[key]) for key in ("items", "additionalProperties") if key in node]
    for keyword in ("anyOf", "oneOf", "allOf"):
        parts: list[Any] = node.get(keyword, [])
        below += [(str(number), part) for number, part in enumerate(parts)]
    for key, part in below:
        if isinstance(part, dict):
            yield from unbounded(document, cast("Json", part), f"{at}/{key}", seen)


def test_every_string_list_and_map_of_a_request_has_a_bound(document: Json) -> None:
    found = [
        place
        for path, schema in bodies(document)
        for place in unbounded(document, schema, path, set())
    ]
    assert not found


def test_what_has_no_bound_is_found(document: Json) -> None:
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    many = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}}
    schema = {"type": "object", "properties": {"a": {"anyOf": [text, texts]}, "b": many}}
    found = list(unbounded(document, schema, "", set()))
    assert found == ["/a/0", "/a/1", "/a/1/items", "/b"]


@pytest.mark.parametrize("wrong", WRONG)
async def test_much_that_is_wrong_makes_few_errors(
    document: Json, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """What is found is bounded, not only what is told: 200,000 errors once took 41 seconds."""
    found: list[int] = []
    make = RequestValidationError.__init__

    def counted(self: Any, errors: Any, **others: Any) -> None:
        found.append(len(errors))
        make(self, errors, **others)

    monkeypatch.setattr(RequestValidationError, "__init__", counted)
    told: list[httpx.Response] = []
    async with service_on() as client:
        for path, schema in bodies(document):
            for name in [*schema["properties"], "unknown"]:
                body = schema["examples"][0] | {name: WRONG[wrong]}
                response = await client.post(path, json=body)
                told += [response] if response.status_code != 200 else []
    assert len(told) > 20
    for response in told:
        assert response.status_code in (404, 413, 422), response.text
        assert len(response.json().get("errors", [])) <= 20
        assert len(response.content) < 20_000
    assert max(found) <= 20
