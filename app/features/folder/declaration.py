"""``feature.toml``: what a feature without Python is, checked; and where in the file something is."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from app.errors import ConfigurationError
from app.features.files import text_of, wrong

Kind = Literal["text", "list", "enum", "number", "integer", "boolean"]
Where = Sequence[str | int]

_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("max_length",),
    "list": ("max_length", "max_items"),
    "enum": ("values",),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
    "boolean": (),
}
_LONGEST_NAME: Final = 40
_PLACE: Final = re.compile(r"\(at line (\d+), ")
_HEADER: Final = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?")
_KEY: Final = re.compile(r"\s*([\w\"'. -]+?)\s*=")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OutputField(_Table):
    """A field: ``[output.<name>]``."""

    type: Kind
    description: str = ""
    max_length: int | None = Field(default=None, ge=1, le=1_000_000)
    max_items: int | None = Field(default=None, ge=1, le=1_000)
    values: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), validate_default=True
    )
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False

    @field_validator("max_length", "max_items", "values", "minimum", "maximum")
    @classmethod
    def _belongs_to_its_type(cls, value: Any, info: ValidationInfo) -> Any:
        kind, key = info.data.get("type"), str(info.field_name)
        if kind == "enum" and key == "values" and not value:
            raise ValueError('an enum lists its values, such as values = ["high", "low"]')
        if value and kind and key not in _TAKES[kind]:
            raise ValueError(f"a field of type {kind} has no {key}")
        return value


class InputField(OutputField):
    """A field: ``[input.<name>]``.

    Text of strangers is sent between marks; what the caller's own program chooses, such as a tone, may
    be ``trusted``, and is then told as part of the task.
    """

    trusted: bool = False


class SchemaFile(_Table):
    """``output = {schema = "output.schema.json"}``."""

    path: Path = Field(alias="schema")


class Sampling(_Table):
    """How the model writes."""

    max_tokens: int = Field(default=512, ge=1, le=32_768)


def _spelled(pattern: str, right: str) -> AfterValidator:
    def check(name: str) -> str:
        if not re.fullmatch(pattern, name) or len(name) > _LONGEST_NAME:
            msg = f"it must be {right}, of at most {_LONGEST_NAME} characters, not {name!r}"
            raise ValueError(msg)
        return name

    return AfterValidator(check)


Name = Annotated[
    str,
    _spelled("[a-z][a-z0-9]*(-[a-z0-9]+)*", "lower-case words with hyphens, such as gift-ideas"),
]
_FieldName = Annotated[
    str, _spelled("[a-z][a-z0-9_]*", "lower-case words with underscores, such as due_date")
]
OutputFields = Annotated[dict[_FieldName, OutputField], Field(min_length=1)]
Outputs = TypeVar("Outputs")


class Declaration(_Table, Generic[Outputs]):
    """The file."""

    name: Name
    title: Annotated[str, Field(pattern=r"^\S.*$", max_length=100)]
    description: str = ""
    margin: float = Field(default=0.05, ge=0, le=1)
    input: Annotated[dict[_FieldName, InputField], Field(min_length=1)]
    output: Outputs
    proofs: dict[str, Any] = {}
    metrics: dict[str, str] = {}
    sampling: Sampling = Sampling()


class Wrong(ValueError):
    """Something in the file is wrong; ``where`` are the keys that lead to it."""

    def __init__(self, where: Where, what: str) -> None:
        super().__init__(what)
        self.where = where


class FeatureFile:
    """A ``feature.toml``; a ``ConfigurationError`` names the line, and what would be right."""

    def __init__(self, path: Path) -> None:
        self._path, self._text = path, ""
        try:
            self._text = text_of(self._path)
            table = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            found = _PLACE.search(str(error))
            line = int(found[1]) if found else len(self._text.splitlines())
            raise self._error(line, str(error).partition(" (at ")[0]) from error
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        table.setdefault("name", self._path.parent.name)
        try:
            kind: Any = Declaration[_kind_of(table.get("output"))]
            self.declared: Declaration[Any] = kind.model_validate(table)
        except ValidationError as error:
            raise self.wrong(first_wrong(error)) from error

    def wrong(self, error: Wrong) -> ConfigurationError:
        name = ".".join(map(str, error.where))
        return self._error(line_of(self._text, error.where), f"{name}: {error}")

    def _error(self, line: int, what: str) -> ConfigurationError:
        return ConfigurationError(wrong(self._path, line, what))


def first_wrong(error: ValidationError, around: Where = ()) -> Wrong:
    """What a validation found first of what stands at some place.

    A key that does not exist comes before one that is missing: it may be a slip of the pen.
    """
    errors = error.errors(include_url=False, include_input=False)
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        tables = (Declaration, InputField, SchemaFile, Sampling)
        known = [of.alias or key for table in tables for key, of in table.model_fields.items()]
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        message = f"there is no such key{f'; did you mean {near[0]}?' if near else ''}"
    elif first["type"] == "missing":
        message = "it is missing"
    return Wrong([*around, *(part for part in first["loc"] if part != "[key]")], message)


def line_of(text: str, where: Where) -> int:
    """The line of a TOML text where something is, or else where what is around it begins."""
    wanted, table = list(map(str, where)), list[str]()
    best, line = 0, 1
    for number, written in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(written):
            path = table = _parts(header[1])
        elif key := _KEY.match(written):
            path = [*table, *_parts(key[1])]
        else:
            continue
        while best < len(wanted) and path[: best + 1] == wanted[: best + 1]:
            best, line = best + 1, number
    return line


def _parts(dotted: str) -> list[str]:
    return [part.strip(" \"'") for part in dotted.split(".")]


def _kind_of(output: Any) -> Any:
    """The form that an output is in."""
    if isinstance(output, str):
        return Literal["text"]
    if isinstance(output, dict) and isinstance(output.get("schema"), str):  # pyright: ignore
        return SchemaFile
    return OutputFields
