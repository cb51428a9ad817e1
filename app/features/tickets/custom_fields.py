"""The caller's own fields of a ticket: a small JSON Schema, checked before it goes anywhere.

A subset of JSON Schema 2020-12, chosen so that it can be told whether a schema can be satisfied:
an object of at most 20 properties, each a string, integer, number, boolean or a list of strings,
with ``enum``, ``format`` and limits of length and size.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import jsonschema_rs
from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from app.errors import SchemaUnsatisfiable, TextTooLong, field_error
from app.features.wire import Request, few

_MOST_CHARACTERS: Final = 8_000
_MOST_FIELDS: Final = 20
_USUAL_LIMITS: Final[Mapping[str, Mapping[str, int]]] = {
    "string": {"maxLength": 300},
    "array": {"maxItems": 20},
}

_Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,60}$")]
_Word = Annotated[str, StringConstraints(max_length=500)]
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
        for least, most in (
            ("minLength", "maxLength"),
            ("minimum", "maximum"),
            ("minItems", "maxItems"),
        ):
            low, high = getattr(self, least), getattr(self, most)
            whole = self.type == "integer"
            if None not in (low, high) and low > (high // 1 if whole else high):
                raise field_error(SchemaUnsatisfiable, f"There is nothing from {least} to {most}.")
        if self.enum is not None:
            fits = jsonschema_rs.validator_for(self.as_schema(), validate_formats=True).is_valid
            if not any(map(fits, self.enum)):
                raise field_error(SchemaUnsatisfiable, "No value of enum fits the type and limits.")
        return self

    def as_schema(self) -> dict[str, Any]:
        """The field as JSON Schema."""
        return self.model_dump(exclude_none=True)

    def as_guide(self) -> dict[str, Any]:
        """The same with limits where there were none, so that no model writes without end."""
        return {**_USUAL_LIMITS.get(self.type, {}), **self.as_schema()}


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
            detail = f"The schema may have at most {_MOST_CHARACTERS} characters."
            raise field_error(TextTooLong, detail)
        return self
