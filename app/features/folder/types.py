"""The types that a ``feature.toml`` declares."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, create_model

from app.features.folder.declaration import Declaration, InputField, OutputField, SchemaFile, Wrong
from app.features.folder.schema_file import fields_of
from app.features.wire import ModelInfo, Output, Reply, Request, Text, examples, passage

_LONGEST: Final = {"text": 100_000, "list": 1_000}  # characters of a text, and of one in a list
_MOST_ITEMS: Final = 100
_TAKEN: Final = {*Reply.model_fields, *ModelInfo.model_fields}


@dataclass(frozen=True, slots=True)
class Types:
    """Of the request's body, and of the output."""

    request: type[Request]
    output: type[Output]


def types_of(declared: Declaration[Any], folder: Path) -> Types:
    """The types that are declared, with pleasant names in OpenAPI.

    Raises:
        Wrong: a name cannot be had.
        ConfigurationError: the schema file is wrong.
    """
    name = "".join(part.capitalize() for part in declared.name.split("-"))
    _check_input(declared)

    class Body(Request):
        model_config = examples(*_first_input(folder))

    asked = {key: (_asked(of), _field(of)) for key, of in declared.input.items()}
    request = _model(f"{name}Request", Body, f"What {declared.name} is asked.", asked)
    output = _model(name, *_given(declared, folder))
    return Types(request, output)


def _model(name: str, base: Any, about: str, fields: dict[str, Any]) -> Any:
    return create_model(name, __base__=base, __module__=__name__, __doc__=about, **fields)


def _given(declared: Declaration[Any], folder: Path) -> tuple[type[Output], str, dict[str, Any]]:
    """The base, the description and the fields of the output."""
    about = f"{declared.title}."
    if declared.output == "text":
        return Text, about, {}
    if isinstance(declared.output, SchemaFile):
        fields = fields_of(folder / declared.output.path)
        where = ("output", "schema")
        told = {name: (kind, ...) for name, kind in fields.items()}
    else:
        where = ("output",)
        told = {name: (_said(of), _field(of)) for name, of in declared.output.items()}
    for name in told:
        if name in _TAKEN or hasattr(Output, name) or name.startswith("model_"):
            raise Wrong((*where, name), f"{name} is taken; choose another name")
        if name == declared.name.replace("-", "_"):  # so generated clients name a class, too
            raise Wrong(
                (*where, name), "a field cannot have the feature's name; choose another one"
            )
    return Output, about, told


def _check_input(declared: Declaration[Any]) -> None:
    for name in declared.input:
        if hasattr(Request, name) or name.startswith("model_"):
            raise Wrong(("input", name), "this name is taken; choose another one")
    if not any(not (of.trusted or of.optional) for of in declared.input.values()):
        raise Wrong(("input",), "one field must be neither trusted nor optional")


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


def _asked(of: InputField) -> Any:
    """The annotation of a field of the input: every text and list has a bound."""
    kind: Any
    if of.type == "text":
        kind = passage(of.max_length or _LONGEST["text"])
    elif of.type == "list":
        items: Any = list[passage(of.max_length or _LONGEST["list"])]
        kind = Annotated[items, Field(min_length=1, max_length=of.max_items or _MOST_ITEMS)]
    else:
        kind = _exact(of)
    return kind | None if of.optional else kind


def _said(of: OutputField) -> Any:
    """The annotation of a field of the output."""
    text: Any = Annotated[str, StringConstraints(max_length=of.max_length)]
    kind: Any
    if of.type == "text":
        kind = text if of.max_length else str
    elif of.type == "list":
        items: Any = list[text if of.max_length else str]
        kind = Annotated[items, Field(max_length=of.max_items or _MOST_ITEMS)]
    else:
        kind = _exact(of)
    return kind | None if of.optional else kind


def _exact(of: OutputField) -> Any:
    if of.type == "enum":
        return Literal[of.values]
    if of.type == "boolean":
        return Annotated[bool, Field(strict=True)]
    kind: Any = int if of.type == "integer" else float
    least, most = (None if bound is None else kind(bound) for bound in (of.minimum, of.maximum))
    finite = None if kind is int else False
    return Annotated[kind, Field(strict=True, ge=least, le=most, allow_inf_nan=finite)]
