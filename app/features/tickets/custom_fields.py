"""The caller's own fields of a ticket: a small JSON Schema, checked before it goes anywhere.

A subset of JSON Schema 2020-12, so small that it can be told whether anything satisfies it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import jsonschema_rs
from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from app.errors import SchemaUnsatisfiable, TextTooLong, field_error
from app.features.wire import Request, few

_MOST_CHARACTERS: Final = 8_000
_MOST_FIELDS: Final = 20
_USUAL_LIMITS: Final[Mapping[str, Mapping[str, int]]] = {
    "string": {"maxLength": 300},
    "array": {"maxItems": 20},
}

_Name = Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")]
_Word = Annotated[str, Field(max_length=500)]
_Scalar = Annotated[
    _Word | int | float | bool | None,
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
_Size = Annotated[int, Field(ge=0)]


class _Schema(Request):
    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True)


class CustomFieldItems(_Schema):
    """What each string of a list may be."""

    type: Literal["string"]
    enum: list[_Word] | None = Field(default=None, min_length=1, max_length=50)


class CustomField(_Schema):
    """One property of the caller's schema."""

    type: Literal["string", "integer", "number", "boolean", "array"]
    title: str | None = Field(default=None, max_length=100)
    description: str | None = Field(default=None, max_length=300)
    enum: list[_Scalar] | None = Field(default=None, max_length=50)
    format: Literal["date", "email", "uri"] | None = None
    minLength: _Size | None = None  # noqa: N815 # JSON Schema's names
    maxLength: _Size | None = None  # noqa: N815
    minimum: float | None = None
    maximum: float | None = None
    items: CustomFieldItems | None = None
    minItems: _Size | None = None  # noqa: N815
    maxItems: _Size | None = None  # noqa: N815

    @model_validator(mode="after")
    def _satisfiable(self) -> Self:
        schema = jsonschema_rs.canonicalize(self.as_schema(), validate_formats=True)
        if schema.satisfiability() == jsonschema_rs.canonical.Satisfiability.NO:
            raise field_error(SchemaUnsatisfiable, "There is no value that fits it.")
        return self

    def as_schema(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)

    def as_guide(self) -> dict[str, Any]:
        """The same for a model, with limits where there were none, so that it comes to an end."""
        return {**_USUAL_LIMITS.get(self.type, {}), **self.as_schema()}

    @property
    def in_words(self) -> str:
        values = self.enum or (self.items and self.items.enum)
        kind = f"{self.format or self.type}{f', one of {values}' if values else ''}"
        return "; ".join(filter(None, (kind, self.title, self.description)))


class CustomFields(_Schema):
    """The caller's schema: an object."""

    type: Literal["object"] = "object"
    properties: Annotated[
        dict[_Name, CustomField], Field(min_length=1, max_length=_MOST_FIELDS), few(_MOST_FIELDS)
    ]
    required: list[_Name] = Field(default_factory=list[str], max_length=_MOST_FIELDS)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if unknown := [name for name in self.required if name not in self.properties]:
            detail = f"required names {', '.join(unknown)}, which properties does not have."
            raise field_error(SchemaUnsatisfiable, detail)
        if len(self.model_dump_json(exclude_none=True)) > _MOST_CHARACTERS:
            raise field_error(TextTooLong, f"May have at most {_MOST_CHARACTERS} characters.")
        return self

    def findings(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with values, by the field; null is not, which says that nothing is told."""
        told = {name: value for name, value in values.items() if value is not None}
        fields = {name: field.as_schema() for name, field in self.properties.items()}
        found: dict[str, str] = {}
        validator = jsonschema_rs.validator_for({"properties": fields}, validate_formats=True)
        for error in validator.iter_errors(told):
            found.setdefault(str(error.instance_path[0]), error.message)
        return found

    def fitting(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Each field's value; null where there is none, or a wrong one."""
        wrong = self.findings(values)
        return {name: None if name in wrong else values.get(name) for name in self.properties}
