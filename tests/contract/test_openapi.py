"""The OpenAPI document: the committed snapshot, what generators need, and examples that work."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from app.factory import create_app
from app.features import FEATURES
from app.settings import Settings

SNAPSHOT = Path("openapi.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = create_app(Settings(model="openai:any", base_url="http://127.0.0.1"))
    return json.loads(json.dumps(app.openapi()))


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]


def test_snapshot_is_up_to_date(document: dict[str, Any]) -> None:
    assert json.loads(SNAPSHOT.read_text("utf-8")) == document, "run `make snapshot`"


def test_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_operations_have_what_generators_want(document: dict[str, Any]) -> None:
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


def test_streams_declare_their_events(document: dict[str, Any]) -> None:
    streams = [operation for path, operation in operations(document) if path.endswith("/stream")]
    assert streams
    for operation in streams:
        content = operation["responses"]["200"]["content"]
        assert list(content) == ["text/event-stream"]
        name = content["text/event-stream"]["schema"]["$ref"].rpartition("/")[2]
        union = document["components"]["schemas"][name]
        assert set(union["discriminator"]["mapping"]) >= {"delta", "completed", "failed"}


def test_every_operation_with_a_body_has_an_example(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        body = operation.get("requestBody")
        if body is None:
            continue
        content = body["content"]
        if "application/json" not in content:
            assert content["message/rfc822"]["example"], path
            continue
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][name]["examples"], path
    assert {f"/{registered.feature.name}" for registered in FEATURES} <= set(document["paths"])
