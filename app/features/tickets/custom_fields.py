"""The caller's own fields of a ticket: a small JSON Schema, checked before it goes anywhere.

A subset of JSON Schema 2020-12, chosen so that it can be told whether a schema can be satisfied:
an object of at most 20 properties, each a string, integer, number, boolean or a list of strings,
with ``enum``, ``format`` and limits of length and size.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import jsonschema_rs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.errors import SchemaUnsatisfiable, TextTooLong, field_error

INTENT: Final = "intent"
_MOST_CHARACTERS: Final = 8_000
_FORMATS: Final = {"date": 10, "email": 3, "uri": 3}  # least characters of each


_Scalar = Annotated[
    str | int | float | bool | None,
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]


class CustomFieldItems(BaseModel):
    """What each string of a list may be."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: Literal["string"]
    enum: list[str] | None = None


class CustomField(BaseModel):
    """One property of the caller's schema."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: Literal["string", "integer", "number", "boolean", "array"]
    title: str | None = Field(default=None, max_length=100)
    description: str | None = Field(default=None, max_length=300)
    enum: list[_Scalar] | None = Field(default=None, max_length=50)
    format: Literal["date", "email", "uri"] | None = None
    minLength: int | None = Field(default=None, ge=0)  # noqa: N815 # JSON Schema's names
    maxLength: int | None = Field(default=None, ge=0)  # noqa: N815
    minimum: float | None = None
    maximum: float | None = None
    items: CustomFieldItems | None = None
    minItems: int | None = Field(default=None, ge=0)  # noqa: N815
    maxItems: int | None = Field(default=None, ge=0)  # noqa: N815

    @model_validator(mode="after")
    def _satisfiable(self) -> Self:
        if problem := self._contradiction():
            raise field_error(SchemaUnsatisfiable, problem)
        return self

    def _contradiction(self) -> str | None:
        """Why no value fits, as far as the subset allows a contradiction."""
        for least, most in (
            ("minLength", "maxLength"),
            ("minimum", "maximum"),
            ("minItems", "maxItems"),
        ):
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                return f"{least} must not be more than {most}."
        if self.type == "integer" and self._has_no_integer():
            return "There is no integer from minimum to maximum."
        if self.format and self.maxLength is not None and self.maxLength < _FORMATS[self.format]:
            return f"No {self.format} is as short as maxLength."
        if self.items and self.items.enum == [] and self.minItems:
            return "items.enum must not be empty."
        if self.enum is not None and not any(map(self._fits, self.enum)):
            return "No value of enum fits the type and the limits."
        return None

    def _has_no_integer(self) -> bool:
        if self.minimum is None or self.maximum is None:
            return False
        return self.maximum // 1 < self.minimum

    def _fits(self, value: object) -> bool:
        return jsonschema_rs.is_valid(self.as_schema(), value)

    def as_schema(self) -> dict[str, Any]:
        """The field as JSON Schema."""
        return self.model_dump(exclude_none=True)


_Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,60}$")]


class CustomFields(BaseModel):
    """The caller's schema: an object."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: Literal["object"] = "object"
    properties: dict[_Name, CustomField] = Field(min_length=1, max_length=20)
    required: list[str] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _satisfiable(self) -> Self:
        unknown = [name for name in self.required if name not in self.properties]
        if unknown:
            detail = f"required names {', '.join(unknown)}, which properties does not have."
            raise field_error(SchemaUnsatisfiable, detail)
        return self

    @model_validator(mode="after")
    def _small(self) -> Self:
        if INTENT in self.properties:
            msg = f"{INTENT} is a field of the ticket itself; ask for it with intents"
            raise ValueError(msg)
        if len(self.model_dump_json(exclude_none=True)) > _MOST_CHARACTERS:
            detail = f"The schema may have at most {_MOST_CHARACTERS} characters."
            raise field_error(TextTooLong, detail)
        return self

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Each field's schema, which allows null too: what an email does not say stays unsaid."""
        return {
            name: {"anyOf": [field.as_schema(), {"type": "null"}]}
            for name, field in self.properties.items()
        }

    def missing(self, values: Mapping[str, object]) -> Sequence[str]:
        """Required fields that the email does not fill."""
        return [name for name in self.required if values.get(name) is None]
