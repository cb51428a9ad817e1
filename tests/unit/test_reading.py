"""What code reads out of a model's words: JSON, choices, a product's name."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from app.detection import UNKNOWN, detect
from app.features.tickets.naming import as_written, name_by_shape
from app.features.tickets.schemas import Reading
from app.features.wire import FROM_MODEL
from app.gateway import find_json

READING: dict[str, object] = {
    "issue": "Broken",
    "product": None,
    "situation": "small problem",
    "topic": "return or exchange",
    "mood": "calm",
    "summary": "It broke.",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": {"b": 2}}', {"a": {"b": 2}}),
        ('Here: {"a": 1}. Bye {"a": 2}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{bad} {"a": 2}', {"a": 2}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        ('{"a": 1', {"a": 1}),
        ('{"a": "x"\n\n', {"a": "x"}),
    ],
)
def test_json_is_found(text: str, found: object) -> None:
    assert json.loads(find_json(text)) == found


@pytest.mark.parametrize(
    "text", ["", "no", '{"a": "x', '{"a": 1,', '{"a":', '[{"a": [1', '{"a":' * 100_000]
)
def test_what_is_cut_inside_a_value_is_not_mended(text: str) -> None:
    assert find_json(text) == text


@pytest.mark.parametrize(
    ("field", "said", "read"),
    [
        ("topic", "returns or exchange", "return or exchange"),
        ("topic", "the weather", "praise or something else"),
        ("situation", "small problems", "small problem"),
    ],
)
def test_wording_of_a_model_is_read_as_the_nearest_choice(field: str, said: str, read: str) -> None:
    adapter = TypeAdapter(Reading)
    reading = adapter.validate_python({**READING, field: said}, context=FROM_MODEL)
    assert getattr(reading, field) == read
    with pytest.raises(ValidationError):  # an example has to be exact
        adapter.validate_python({**READING, field: said})


def test_wording_near_to_no_situation_is_refused() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Reading).validate_python({**READING, "situation": "hm"}, context=FROM_MODEL)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("inkwell pro", "Inkwell Pro"),
        ("Inkwell  Pro", "Inkwell Pro"),
        ("Ink", None),
        ("Lumo S2", None),
        ("", None),
        ("a.b(", None),
    ],
)
def test_a_product_has_to_stand_in_the_email(said: str, written: str | None) -> None:
    assert as_written("I like Inkwell Pro.", said) == written


@pytest.mark.parametrize(
    ("email", "said", "german", "name"),
    [
        ("The buckle of my TinyRide Comfort opens.", "TinyRide", False, "TinyRide Comfort"),
        ("My Brewmoor K2 gave off sparks.", "kettle", False, "Brewmoor K2"),
        ("My Inkwell Pro does not print.", None, False, None),
        ("My Inkwell Pro does not print.", "Inkwell", False, "Inkwell Pro"),
        ("On Monday I wrote to you about a dress.", "Dress", False, None),
        ("Since today Notevault is empty.\nPriya Nand", None, False, None),
        ("Our Torqon X18 is broken.", None, False, "Torqon X18"),
        ("Mein Lernfuchs druckt nicht.", "Lernfuchs", True, "Lernfuchs"),
        ("Meine Bestellung fehlt.", "Lumo S2", True, None),
        ("", "Lumo S2", False, None),
    ],
)
def test_name_by_its_shape(email: str, said: str | None, german: bool, name: str | None) -> None:
    assert name_by_shape(email, said, german=german) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Das Produkt ist sehr gut.", "DE"),
        ("La couleur ne correspond pas du tout.", "FR"),
        ("傘は丈夫ですが、少し重いです。", "JA"),
        ("My kettle leaks and I want a refund. " * 5000, "EN"),
        ("12345 !!!", UNKNOWN),
    ],
)
def test_language_is_detected(text: str, code: str) -> None:
    assert detect(text) == code
