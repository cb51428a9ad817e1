"""The types that a ``feature.toml`` declares, field by field or in a JSON Schema file."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import jsonschema_rs
from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, create_model

from app.errors import ConfigurationError
from app.features.files import text_of, wrong
from app.features.folder.declaration import Declaration, InputField, OutputField, SchemaFile, Wrong
from app.features.wire import Output, Reply, Request, Text, examples, passage

_LONGEST: Final = {"text": 100_000, "list": 1_000}  # characters of a text, and of one in a list
_MOST_ITEMS: Final = 100
_OF_AN_OUTPUT: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "type", "properties"}
    | {"required", "additionalProperties", "examples"}
)


def types_of(declared: Declaration[Any], folder: Path) -> tuple[type[Request], type[Output]]:
    """Those of the request's body and of the output, with pleasant names in OpenAPI.

    Raises ``Wrong`` where a name cannot be had, ``ConfigurationError`` where the schema file is wrong.
    """
    name = "".join(part.capitalize() for part in declared.name.split("-"))
    for key in declared.input:
        if hasattr(Request, key) or key.startswith("model_"):
            raise Wrong(("input", key), "this name is taken; choose another one")
    if all(of.trusted or of.optional for of in declared.input.values()):
        raise Wrong(("input",), "one field must be neither trusted nor optional")

    class Body(Request):
        model_config = examples(*_first_input(folder))

    asked = {key: (_kind(of), _field(of)) for key, of in declared.input.items()}
    request = _model(f"{name}Request", Body, f"What {declared.name} is asked.", asked)
    base = Text if declared.output == "text" else Output
    return request, _model(name, base, f"{declared.title}.", _given(declared, folder))


def _model(name: str, base: Any, about: str, fields: dict[str, Any]) -> Any:
    return create_model(name, __base__=base, __module__=__name__, __doc__=about, **fields)


def _given(declared: Declaration[Any], folder: Path) -> dict[str, Any]:
    if declared.output == "text":
        return {}
    if isinstance(declared.output, SchemaFile):
        where = ("output", "schema")
        told = {key: (kind, ...) for key, kind in _of_file(folder / declared.output.path).items()}
    else:
        where = ("output",)
        told = {key: (_kind(of), _field(of)) for key, of in declared.output.items()}
    for key in told:
        if key in Reply.model_fields or hasattr(Output, key) or key.startswith("model_"):
            raise Wrong((*where, key), f"{key} is taken; choose another name")
        if key == declared.name.replace("-", "_"):  # so generated clients name a class, too
            raise Wrong((*where, key), "a field cannot have the feature's name; choose another one")
    return told


def _first_input(folder: Path) -> list[dict[str, Any]]:
    """The first example's input, for the documentation; whether it is right, ``Feature`` says."""
    try:
        line = (folder / "examples.jsonl").read_text("utf-8").partition("\n")[0]
        return [json.loads(line)["input"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _field(of: OutputField) -> Any:
    about = of.description or None
    if isinstance(of, InputField) and of.optional:
        return Field(default=None, description=about)
    return Field(description=about)


def _kind(of: OutputField) -> Any:
    """A field's annotation; every text and list of an input has a bound and says something."""
    kind: Any
    is_asked = isinstance(of, InputField)
    if of.type in _LONGEST:
        most = of.max_length or (_LONGEST[of.type] if is_asked else None)
        length = StringConstraints(max_length=most)
        kind = passage(most) if is_asked and most else Annotated[str, length]
        if of.type == "list":
            least = 1 if is_asked else None
            bounds = Field(min_length=least, max_length=of.max_items or _MOST_ITEMS)
            kind = Annotated[list[kind], bounds]
    elif of.type == "enum":
        kind = Literal[of.values]
    elif of.type == "boolean":
        kind = Annotated[bool, Field(strict=True)]
    else:
        kind = int if of.type == "integer" else float
        least, most = (None if bound is None else kind(bound) for bound in (of.minimum, of.maximum))
        finite = None if kind is int else False
        kind = Annotated[kind, Field(strict=True, ge=least, le=most, allow_inf_nan=finite)]
    return kind | None if of.optional else kind


def _of_file(path: Path) -> dict[str, Any]:
    """The annotations of the properties of an object that a JSON Schema (draft 2020-12) describes."""
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
    return {name: _checked(of) for name, of in plain["properties"].items()}


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
    if other := sorted(schema.keys() - _OF_AN_OUTPUT):
        return other[0], f"{other[0]} is not taken at the top; put it into a property"
    if absent := [name for name in properties if name not in schema.get("required", ())]:
        detail = "every field is always there: name it in required, and let it be null if need be"
        return absent[0], f"{absent[0]}: {detail}"
    return None


def _checked(schema: dict[str, Any]) -> Any:
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)

    def check(value: Any) -> Any:
        for error in validator.iter_errors(value):
            where = "".join(f"{part}: " for part in error.instance_path)
            raise ValueError(f"{where}{error.message}")
        return value

    return Annotated[Any, AfterValidator(check), WithJsonSchema(schema)]


def _line(text: str, key: str) -> int:
    start = text.find(json.dumps(key))
    return text.count("\n", 0, max(start, 0)) + 1


def _wrong(path: Path, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(wrong(path, line, what))
