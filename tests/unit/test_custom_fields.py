"""A caller's own schema: what is taken, and what cannot be satisfied."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.features.tickets.custom_fields import CustomFields
from app.features.tickets.details import Details, DetailsRequest
from app.features.tickets.details.feature import schema_of
from app.gateway import Untrusted

DETAILS = Details()
FIELDS: dict[str, dict[str, Any]] = {
    "order": {"type": "string", "description": "order number", "maxLength": 20},
    "seats": {"type": "integer", "minimum": 1, "maximum": 10},
    "size": {"type": "string", "enum": ["S", "M", "L"]},
    "colours": {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
}


def request(**fields: dict[str, Any]) -> DetailsRequest:
    own = CustomFields.model_validate({"properties": fields})
    return DetailsRequest(email="I want 2 seats.", fields=own)


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
        {"type": "array", "items": {"type": "string", "enum": []}, "minItems": 1},
        {"type": "string", "format": "date", "maxLength": 9},
    ],
    ids=str,
)
def test_a_field_that_no_value_fits_is_unsatisfiable(field: dict[str, Any]) -> None:
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
        {"properties": {"intent": {"type": "string"}}},
        {"properties": {"": {"type": "string"}}},
        {"properties": {"f": {"type": "string", "enum": ["x" * 8_000]}}},
    ],
    ids=str,
)
def test_what_is_no_small_schema_is_refused(schema: object) -> None:
    assert "schema-unsatisfiable" not in codes(schema)


@pytest.mark.parametrize(
    ("output", "fits"),
    [
        ({"order": "A-1", "seats": 2, "size": "M", "colours": ["red"]}, True),
        ({"order": None, "seats": None, "size": None, "colours": None}, True),
        ({"order": "A-1", "seats": 11, "size": None, "colours": None}, False),
        ({"order": "A-1", "seats": 2, "size": "XL", "colours": None}, False),
        ({"order": "A-1", "seats": 2, "size": "M"}, False),
        ({"order": "A-1", "seats": 2, "size": "M", "colours": ["green"]}, False),
    ],
)
def test_an_output_has_to_fit(output: dict[str, Any], fits: bool) -> None:
    finding = DETAILS.check(request(**FIELDS), output)
    assert (finding is None) is fits, finding


def test_every_field_may_be_null_and_has_to_be_there() -> None:
    schema = schema_of(request(**FIELDS))
    assert schema["required"] == list(FIELDS)
    assert all({"type": "null"} in field["anyOf"] for field in schema["properties"].values())


def test_examples_fit_their_own_schemas() -> None:
    assert len(DETAILS.examples) >= 5
    for example in DETAILS.examples:
        assert DETAILS.check(example.input, example.output) is None


def test_what_is_asked_stands_after_the_email() -> None:
    """Outside of its marks, where nobody but the caller writes."""
    email, task = DETAILS.prompt(request(**FIELDS)).turns[-1].parts
    assert email == Untrusted("I want 2 seats.")
    assert isinstance(task, str)
    assert "seats (integer)" in task
    assert 'size (string, one of ["S", "M", "L"])' in task
