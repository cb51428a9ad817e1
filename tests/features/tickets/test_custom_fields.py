"""A caller's own schema: what is taken, and what cannot be satisfied."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.features.tickets.custom_fields import CustomFields
from tests.features.tickets.support import Body, said, ticket_of

FIELDS: dict[str, Body] = {
    "order": {"type": "string", "description": "order number", "maxLength": 20},
    "seats": {"type": "integer", "minimum": 1, "maximum": 10},
    "size": {"type": "string", "enum": ["S", "M", "L"]},
    "colours": {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
    "day": {"type": "string", "format": "date"},
}
RIGHT: Body = {
    "order": "A-1",
    "seats": 2,
    "size": "M",
    "colours": ["red"],
    "day": "2026-11-30",
}


def codes(schema: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        CustomFields.model_validate(schema)
    return {error["type"] for error in caught.value.errors()}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "minLength": 5, "maxLength": 4},
        {"type": "number", "minimum": 1, "maximum": 0.5},
        {"type": "integer", "minimum": 1.2, "maximum": 1.8},
        {"type": "string", "enum": []},
        {"type": "string", "enum": ["long"], "maxLength": 3},
        {"type": "integer", "enum": ["one", "two"]},
        {"type": "array", "minItems": 3, "maxItems": 2},
    ],
    ids=str,
)
def test_a_field_that_no_value_fits_is_unsatisfiable(field: Body) -> None:
    assert codes({"properties": {"f": field}}) == {"schema-unsatisfiable"}


def test_a_required_field_has_to_exist() -> None:
    schema = {"properties": FIELDS, "required": ["order", "weight"]}
    assert codes(schema) == {"schema-unsatisfiable"}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {}},
        {"properties": {"f": {"type": "object"}}},
        {"properties": {"f": {"type": "string", "pattern": "(a+)+$"}}},
        {"properties": {"f": {"$ref": "#/x"}}},
        {"properties": {f"f{i}": {"type": "string"} for i in range(21)}},
        {"type": "array", "properties": FIELDS},
        {"properties": {"": {"type": "string"}}},
        {"properties": {"f": {"type": "string", "enum": ["x" * 501]}}},
        {"properties": {f"f{i}": {"type": "string", "enum": ["x" * 500]} for i in range(17)}},
        {"properties": {"f": {"type": "array", "items": {"type": "string", "enum": []}}}},
    ],
    ids=lambda schema: str(schema)[:60],
)
def test_what_is_no_small_schema_is_refused(schema: object) -> None:
    assert "schema-unsatisfiable" not in codes(schema)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({}, None),
        ({"seats": 11}, "seats"),
        ({"seats": "2"}, "seats"),
        ({"size": "XL"}, "size"),
        ({"colours": ["green"]}, "colours"),
        ({"colours": "red"}, "colours"),
        ({"order": "A" * 21}, "order"),
        ({"day": "30 November"}, "day"),
    ],
    ids=str,
)
async def test_a_value_has_to_fit_or_is_null(wrong: Body, name: str | None) -> None:
    request = {"text": "Hi", "custom_fields": {"properties": FIELDS}}
    ticket, _ = await ticket_of(request, said(custom_fields=RIGHT | wrong))
    assert ticket["custom_fields"] == RIGHT | ({name: None} if name else {})
    check = ticket["checks"][0]
    assert check["kept"] is (name is None)
    assert check["unexpected"] == ([f"custom_fields.{name}"] if name else [])


@pytest.mark.parametrize("told", [None, {}, dict.fromkeys(FIELDS)], ids=str)
async def test_what_is_not_told_is_null_and_no_mistake(told: dict[str, Any] | None) -> None:
    request = {"text": "Hi", "custom_fields": {"properties": FIELDS}}
    ticket, (_,) = await ticket_of(request, said(custom_fields=told))
    assert ticket["custom_fields"] == dict.fromkeys(FIELDS)
    assert ticket["checks"][0]["kept"]
