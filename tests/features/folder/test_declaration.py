"""What a ``feature.toml`` may say, and what is said of one that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.errors import ConfigurationError
from app.features.folder.declaration import line_of
from app.features.folder.feature import read_folder
from tests.features.folder.folders import TEXT, TOML, WRITTEN, write

OPTIONAL = "optional = true"
KINDS: dict[str, tuple[str, list[Any], list[Any]]] = {
    "text": ("max_length = 5", ["short"], ["longer", " ", 1, None]),
    "list": ("max_length = 5\nmax_items = 2", [["a", "b"]], ["a", [], ["a", "b", "c"], ["longer"]]),
    "enum": ('values = ["a", "b c"]', ["a", "b c"], ["c", "A", None]),
    "number": ("minimum = 0.5\nmaximum = 2", [1, 1.5], [0.4, 2.1, "1", True]),
    "integer": ("minimum = 1\nmaximum = 2", [1, 2], [0, 3, 1.5, "1", True]),
    "boolean": ("", [True, False], [1, "yes", None]),
}


def declared(folder: Path, kind: str, *lines: str) -> Any:
    """The feature with a field of a kind in the input and in the output."""
    said = "\n".join((f'type = "{kind}"', *lines))
    toml = (
        f'title = "T"\n[input.text]\ntype = "text"\n[input.field]\n{said}\n[output.field]\n{said}\n'
    )
    return read_folder(write(folder, toml, examples=[], cases=[])).FEATURE


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_what_it_says(tmp_path: Path, kind: str) -> None:
    lines, right, wrong = KINDS[kind]
    feature = declared(tmp_path / "kinds", kind, lines)
    for value in right:
        assert feature.asks(text="x", field=value).field == value
        assert feature.gives(field=value).field == value
    for value in wrong:
        with pytest.raises(ValidationError):
            feature.asks(text="x", field=value)
    with pytest.raises(ValidationError):
        feature.asks(text="x")


@pytest.mark.parametrize("kind", KINDS)
def test_an_optional_field_may_be_left_out_and_is_null_in_the_output(
    tmp_path: Path, kind: str
) -> None:
    feature = declared(tmp_path / "kinds", kind, KINDS[kind][0], OPTIONAL)
    assert feature.asks(text="x").field is None
    assert feature.gives(field=None).field is None
    with pytest.raises(ValidationError):
        feature.gives()


def test_every_text_and_list_of_an_input_has_a_bound(tmp_path: Path) -> None:
    for kind in ("text", "list"):
        schema = declared(tmp_path / kind, kind).asks.model_json_schema()["properties"]["field"]
        assert "maxLength" in schema or {"maxItems", "minItems"} <= schema.keys()
        assert "maxLength" in schema.get("items", schema)


def test_what_is_not_declared_is_as_for_other_features(tmp_path: Path) -> None:
    folder = write(tmp_path / "some-titles", TEXT, examples=WRITTEN, cases=[])
    feature = read_folder(folder).FEATURE
    assert (feature.name, feature.title) == ("some-titles", "Texts into titles")
    assert (feature.metrics, feature.margin) == ({}, 0.05)
    assert feature.asks.__name__ == "SomeTitlesRequest"
    assert feature.replies.__name__ == "SomeTitles"
    with pytest.raises(ValidationError):
        feature.asks(text="x", more=1)


WRONG = {
    "no key": ('title = "T"', 'titel = "T"', 1, "titel: there is no such key; did you mean title?"),
    "no type": ("max_length = 500", "length = 500", 7, "did you mean max_length?"),
    "kind": ('type = "integer"', 'type = "int"', 10, "input.stars.type: Input should be 'text'"),
    "key of another kind": ("minimum = 1", "max_length = 1", 11, "type integer has no max_length"),
    "no values": ('values = ["good", "bad"]', "", 21, "output.grade.values: an enum lists its"),
    "trusted output": ("max_items = 3", "trusted = true", 27, "output.quotes.trusted: there is no"),
    "unknown proof": ("verbatim_in", "verbatim", 30, "proofs.verbatim: there is no proof verbatim"),
    "no such field": (
        'output = "quotes"',
        'output = "quote"',
        30,
        "no field quote; there are grade",
    ),
    "no such input": (
        'input = "text"',
        'input = "txt"',
        30,
        "there is no field txt; there are text",
    ),
    "no table": ('{output = "quotes", input = "text"}', '"quotes"', 30, "takes true, or a table"),
    "unknown argument": ("{output =", "{outputs =", 30, "proofs.verbatim_in.outputs: there is no"),
    "metric": ('grade = "exact"', 'grades = "exact"', 33, "metrics.grades: there is no field"),
    "tokens": ("max_tokens = 77", "max_tokens = 0", 36, "sampling.max_tokens: Input should be"),
    "syntax": ('values = ["good", "bad"]', 'values = ["good"', 25, "Unclosed array"),
    "field's name": ("[output.quotes]", "[output.Quotes]", 25, "lower-case words with underscores"),
    "name of the reply": ("[output.quotes]", "[output.usage]", 25, "usage is taken"),
    "name of the feature": ("[output.quotes]", "[output.grades]", 25, "have the feature's name"),
    "name of Pydantic's": ("[input.stars]", "[input.json]", 9, "this name is taken"),
    "nothing required": ("max_length = 500", "optional = true", 4, "neither trusted nor optional"),
    "name": ("title =", 'name = "My_Grades"\ntitle =', 1, "lower-case words with hyphens"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, case: str) -> None:
    right, wrong, line, says = WRONG[case]
    toml = TOML.replace('title = "Reviews into grades"', 'title = "T"').replace(right, wrong, 1)
    assert toml != TOML
    with pytest.raises(ConfigurationError) as caught:
        read_folder(write(tmp_path / "grades", toml))
    assert caught.value.detail.startswith(f"grades/feature.toml:{line}: ")
    assert says in caught.value.detail
    assert len(caught.value.detail.splitlines()) == 1


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"examples": [{"input": {"text": "x"}, "output": {}}]},
            "grades/examples.jsonl:1: output.g",
        ),
        ({"cases": [{"input": {"text": "x"}, "expected": {}}]}, "grades/cases.jsonl:1: id"),
        ({"instruction": " \n"}, "grades/instruction.md:1: it must say what is to be written"),
    ],
    ids=["example", "case", "instruction"],
)
def test_the_other_files_are_named_as_well(
    tmp_path: Path, files: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_folder(write(tmp_path / "grades", **files))
    assert says in caught.value.detail


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path / "grades") / "examples.jsonl").unlink()
    with pytest.raises(ConfigurationError, match=r"grades/examples\.jsonl:1: it cannot be read"):
        read_folder(tmp_path / "grades")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (write(tmp_path / "grades") / "feature.toml").write_bytes(b'title = "\xfc"')
    with pytest.raises(ConfigurationError, match=r"grades/feature\.toml:1: it must be UTF-8"):
        read_folder(tmp_path / "grades")


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b", "c", "d"), 4),
        (("b", "c", "e"), 3),
        (("b", "c", "f", "g"), 5),
        (("h", 0, "i"), 6),
        (("z",), 1),
    ],
)
def test_the_line_is_that_of_the_key_or_of_what_is_around_it(where: Any, line: int) -> None:
    text = 'a = 1\n\n[ b . c ]  # comment\nd = "x = 1"\nf . g = 1\n[[h]]\ni = 1\n'
    assert line_of(text, where) == line


# Schema files ------------------------------------------------------------------------------------

DATE = {"type": "string", "format": "date"}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "dates": {"type": "array", "items": {"$ref": "#/$defs/Date"}},
    },
    "required": ["title", "dates"],
    "$defs": {"Date": DATE},
}
OF_SCHEMA = TEXT.replace('"text"', '{schema = "output.schema.json"}', 1)


def with_schema(folder: Path, schema: Any) -> Any:
    write(folder, OF_SCHEMA, examples=[], cases=[])
    text = schema if isinstance(schema, str) else json.dumps(schema, indent=1)
    (folder / "output.schema.json").write_text(text, "utf-8")
    return read_folder(folder).FEATURE


def test_an_output_is_as_its_schema_file_says(tmp_path: Path) -> None:
    feature = with_schema(tmp_path / "days", SCHEMA)
    properties = feature.replies.model_json_schema(mode="serialization")["properties"]
    assert list(properties) == ["title", "dates", "model", "adapter", "usage", "checks"]
    assert properties["dates"] == {"type": "array", "items": DATE, "title": "Dates"}
    assert feature.gives(title="x", dates=["2026-11-30"]).dates == ["2026-11-30"]
    with pytest.raises(ValidationError, match='0: "soon" is not a "date"'):
        feature.gives(title="x", dates=["soon"])
    with pytest.raises(ValidationError):
        feature.gives(title="x" * 21, dates=[])


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        ("{\n", 2, "it is no JSON"),
        ({"type": "array"}, 2, 'an output is an object: "type": "object"'),
        ({"type": "object"}, 1, "an object has properties"),
        (SCHEMA | {"required": ["dates"]}, 5, "title: every field is always there"),
        (SCHEMA | {"minProperties": 1}, 26, "minProperties is not taken at the top"),
        (SCHEMA | {"properties": {"title": {"type": "strin"}}}, 3, "it is no JSON Schema"),
        (SCHEMA | {"$defs": {"Day": DATE}}, 1, "does not exist"),
        (
            SCHEMA | {"$defs": {"Date": {"items": {"$ref": "#/$defs/Date"}}}},
            1,
            "not refer to itself",
        ),
        (SCHEMA | {"$defs": {"Date": {"$ref": "https://else.example/x"}}}, 1, "to its own $defs"),
    ],
)
def test_a_wrong_schema_file_is_named_with_its_line(
    tmp_path: Path, change: Any, line: int, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        with_schema(tmp_path / "days", change)
    assert caught.value.detail.startswith(f"days/output.schema.json:{line}: ")
    assert says in caught.value.detail
