"""An output as a JSON Schema file (draft 2020-12) says: a model's fields, each its own schema."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final

import jsonschema_rs
from pydantic import AfterValidator, WithJsonSchema

from app.errors import ConfigurationError
from app.features.files import text_of, wrong

_TAKEN: Final = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "title",
        "description",
        "type",
        "properties",
        "required",
    }
    | {"additionalProperties", "examples"}
)

Fields = dict[str, Any]


def fields_of(path: Path) -> Fields:
    """The annotations of an object's properties, by their names.

    Raises:
        ConfigurationError: the file is no such schema; file and line are named.
    """
    try:
        text = text_of(path)
        schema: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(path, error.lineno, f"it is no JSON: {error.msg}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    try:
        jsonschema_rs.meta.validate(schema)
        plain = _without_references(schema)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        said = error.message if isinstance(error, jsonschema_rs.ValidationError) else str(error)
        place = getattr(error, "instance_path", [])
        at = _line(text, str(place[-1])) if place else 1
        raise _wrong(path, at, f"it is no JSON Schema: {said}") from error
    if finding := _finding(plain):
        key, what = finding
        raise _wrong(path, _line(text, key), what)
    return {name: _field(of) for name, of in plain["properties"].items()}


def _without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it refers to in its place; in the order of the file if it is plain."""
    written = json.dumps(schema)
    if re.search(r'"\$(dynamic)?[rR]ef": "(?!#)', written):
        raise ValueError("it may only refer to its own $defs")
    if '"$ref"' not in written:
        return schema
    plain = jsonschema_rs.dereference(schema)
    order = schema.get("properties", {})
    found = {name: plain["properties"][name] for name in order}
    if '"$ref"' in json.dumps(found):
        raise ValueError("what it refers to must not refer to itself")
    return {**plain, "properties": found}


def _finding(schema: dict[str, Any]) -> tuple[str, str] | None:
    """What is not as an output has to be, and the key that it is about."""
    if schema.get("type") != "object":
        return "type", 'an output is an object: "type": "object", with its properties'
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties:
        return "properties", "an object has properties"
    if other := sorted(schema.keys() - _TAKEN):
        return other[0], f"{other[0]} is not taken at the top; put it into a property"
    if absent := [name for name in properties if name not in schema.get("required", ())]:
        detail = "every field is always there: name it in required, and let it be null if need be"
        return absent[0], f"{absent[0]}: {detail}"
    return None


def _field(schema: dict[str, Any]) -> Any:
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)

    def check(value: Any) -> Any:
        for error in validator.iter_errors(value):
            where = "".join(f"{part}: " for part in error.instance_path)
            raise ValueError(f"{where}{error.message}")
        return value

    return Annotated[Any, AfterValidator(check), WithJsonSchema(schema)]


def _line(text: str, key: str) -> int:
    """The line that a key first stands in."""
    start = text.find(json.dumps(key))
    return text.count("\n", 0, max(start, 0)) + 1


def _wrong(path: Path, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(wrong(path, line, what))
