"""The contract guard: what breaks clients is found and named, and no release does it unawares.

``openapi-released.json`` is the document of the last release; `make release-contract` renews it.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from app import __version__
from app.factory import create_app
from app.settings import Settings
from tests.contract.compatibility import breaking, may_break
from tests.contract.mutations import BREAKING, HARMLESS, Json, edited

RELEASED = Path("tests/contract/openapi-released.json")


@pytest.fixture(scope="module")
def document() -> Json:
    app = create_app(Settings(model="openai:any", base_url="http://127.0.0.1"))
    return json.loads(json.dumps(app.openapi()))


def test_clients_of_the_last_release_still_work(document: Json) -> None:
    released = json.loads(RELEASED.read_text("utf-8"))
    changes = breaking(released, document)
    version = released["info"]["version"]
    assert not changes or may_break(version, __version__), (
        f"this breaks clients of {version}; keep what they use, or raise the version that says so "
        "(the major; below 1.0.0 the minor):\n" + "\n".join(map(str, changes))
    )


@pytest.mark.parametrize(
    ("released", "version", "may"),
    [
        ("1.4.2", "2.0.0", True),
        ("1.4.2", "1.5.0", False),
        ("1.4.2", "1.4.2", False),
        ("2.0.0", "1.9.0", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.1.9", False),
        ("0.9.0", "1.0.0", True),
        ("0.1.0", "0.10.0rc1", True),
    ],
)
def test_only_a_version_that_says_so_may_break(released: str, version: str, may: bool) -> None:
    assert may_break(released, version) is may


@pytest.mark.parametrize("name", BREAKING)
def test_breaking_change_is_named(document: Json, name: str) -> None:
    edit, pointer, operation = BREAKING[name]
    changes = breaking(document, edited(document, edit))
    assert [change.pointer for change in changes] == [pointer]
    for change in changes:
        assert operation in (change.operations or [""])
        assert len(change.operations) == len({*change.operations})
        assert "client" in change.what


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_change_is_let_through(document: Json, name: str) -> None:
    changed = edited(document, HARMLESS[name])
    assert changed != document
    assert breaking(document, changed) == []


def test_properties_in_another_order_are_harmless(document: Json) -> None:
    text = json.dumps(document, sort_keys=True)
    assert text != json.dumps(document)
    assert breaking(document, json.loads(text)) == []
    assert breaking(json.loads(text), document) == []


@budget(max_examples=10)
@given(path=st.text(), data=st.data())
def test_a_new_operation_is_harmless(document: Json, path: str, data: st.DataObject) -> None:
    operations = [o for path in document["paths"].values() for o in path.values()]
    method = data.draw(st.sampled_from(["delete", "get", "patch", "put"]))
    operation = {**data.draw(st.sampled_from(operations)), "operationId": data.draw(st.text())}
    paths: Json = document["paths"]
    item = {method: operation} | paths.get(path, {})
    assert breaking(document, {**document, "paths": {**paths, path: item}}) == []


def guarded(security: list[dict[str, list[str]]] | None, header: str = "X-Key") -> Json:
    scheme = {"type": "apiKey", "in": "header", "name": header}
    schemes = {"key": scheme, "token": {"type": "http"}}
    document: Json = {"paths": {"/": {"get": {}}}, "components": {"securitySchemes": schemes}}
    return document if security is None else {**document, "security": security}


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        (guarded(None), guarded([{"key": []}]), True),
        (guarded([{"key": []}]), guarded([{"token": []}]), True),
        (guarded([{"key": []}]), guarded([{"key": [], "token": []}]), True),
        (guarded([{"key": ["read"]}]), guarded([{"key": ["read", "write"]}]), True),
        (guarded([{"key": []}, {"token": []}]), guarded([{"key": []}]), True),
        (guarded([{"key": []}]), guarded([{"key": []}], "X-Other"), True),
        (guarded([{"key": []}]), guarded([{"token": []}, {"key": []}]), False),
        (guarded([{"key": [], "token": []}]), guarded([{"key": []}]), False),
        (guarded([{"key": ["read", "write"]}]), guarded([{"key": ["read"]}]), False),
        (guarded([{"key": []}]), guarded(None), False),
        (guarded([{"key": []}]), guarded([{}, {"key": []}]), False),
        (guarded(None), guarded(None, "X-Other"), False),
    ],
)
def test_who_was_let_in_still_is(old: Json, new: Json, breaks: bool) -> None:
    assert bool(breaking(old, new)) is breaks


def test_a_scheme_may_be_described_anew() -> None:
    old, new = guarded([{"key": []}]), guarded([{"key": []}])
    new["components"]["securitySchemes"]["key"]["description"] = "Ask for it."
    assert breaking(old, new) == []


def takes(*places: str, required: bool = False) -> Json:
    parameters = [{"name": "q", "in": place, "required": required} for place in places]
    return {"parameters": parameters}


def gives(name: str, required: bool) -> Json:
    return {"responses": {"200": {"headers": {name: {"required": required}}}}}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({"tags": ["a", "b"]}, {"tags": ["a"]}, "were ['a', 'b'], are ['a']"),
        (takes("query"), takes("header"), "`q` is gone from the query, moved to the header"),
        (takes("query", "header"), takes("header"), "`q` is gone from the query: clients"),
        (takes("query", required=True), takes("query", required=True), ""),
        (takes("query", required=True), takes("query"), ""),
        (gives("X-Cost", True), gives("X-Cost", False), "`X-Cost` may be missing now"),
        (gives("X-Cost", False), gives("x-cost", True), ""),
        (gives("X-Cost", False), gives("x-cost", False), ""),
    ],
)
def test_operations_are_compared(old: Json, new: Json, what: str) -> None:
    changes = breaking({"paths": {"/": {"get": old}}}, {"paths": {"/": {"get": new}}})
    assert len(changes) == bool(what)
    assert what in "".join(map(str, changes))


def test_shared_parameters_bodies_and_responses_are_followed() -> None:
    def shared(kind: str) -> Json:
        content = {"content": {"application/json": {"schema": {"type": kind}}}}
        operation = {
            "parameters": [{"$ref": "#/components/parameters/Page"}],
            "requestBody": {"$ref": "#/components/requestBodies/Body"},
            "responses": {"200": {"$ref": "#/components/responses/Done"}},
        }
        components = {
            "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": kind}}},
            "requestBodies": {"Body": content},
            "responses": {"Done": {**content, "headers": {"X-Cost": {"schema": {"type": kind}}}}},
        }
        return {"paths": {"/": {"post": operation}}, "components": components}

    below = "content/application~1json/schema"
    assert {change.pointer for change in breaking(shared("string"), shared("boolean"))} == {
        "/components/parameters/Page/schema",
        f"/components/requestBodies/Body/{below}",
        f"/components/responses/Done/{below}",
        "/components/responses/Done/headers/X-Cost/schema",
    }
