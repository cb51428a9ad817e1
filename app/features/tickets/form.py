"""What a caller asks for besides the usual: an intent out of a list, and fields of its own schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
from pydantic_core import to_json

from app.features.proofs import Check
from app.features.tickets.custom_fields import CustomField, CustomFields
from app.features.tickets.reading import Reading

MOST_FORMS: Final = 64
"""That are kept ready: each caller's schema makes one."""


@dataclass(frozen=True, eq=False)
class Form:
    """Some intents and custom fields, and all that is made of them once.

    Attributes:
        intents: their names.
        required: names of the custom fields that a ticket should have.
        task: what is asked, in words for the model.
        schema: JSON Schema of the model's whole output.
        validators: of each custom field's value.
    """

    intents: tuple[str, ...]
    required: tuple[str, ...]
    task: str
    schema: str
    validators: Mapping[str, Any]

    def intent(self, reading: Reading) -> str | None:
        """The intent that the model found, if it is one of those asked for."""
        return reading.intent if reading.intent in self.intents else None

    def custom_fields(self, reading: Reading) -> dict[str, Any] | None:
        """The values of the caller's fields; null for what the email does not tell or is wrong."""
        said = reading.custom_fields or {}
        return {
            name: value if validator.is_valid(value := said.get(name)) else None
            for name, validator in self.validators.items()
        } or None

    def check(self, reading: Reading) -> Check:
        """Whether the model's intent is on the list, and its values fit the caller's schema."""
        said, wrong = reading.custom_fields or {}, dict[str, str]()
        if self.intents and reading.intent and not self.intent(reading):
            wrong["intent"] = f"it must be null or one of {', '.join(self.intents)}"
        for name, validator in self.validators.items():
            value = said.get(name)
            if value is not None and (error := next(validator.iter_errors(value), None)):
                wrong[f"custom_fields.{name}"] = error.message
        advice = "\n".join(f"{name}: {finding}." for name, finding in wrong.items())
        return Check("intent_and_custom_fields", not wrong, unexpected=tuple(wrong), advice=advice)


@lru_cache(MOST_FORMS)
def form_of(asked: bytes) -> Form:
    """The form that some intents and custom fields, as JSON, ask for."""
    named, said = json.loads(asked)
    intents = {intent["name"]: intent["description"] for intent in named}
    own = CustomFields.model_validate(said) if said else None
    fields = own.properties if own else {}
    return Form(
        intents=tuple(intents),
        required=tuple(own.required) if own else (),
        task=_task(intents, fields),
        schema=_schema(intents, fields),
        validators={
            name: jsonschema_rs.validator_for(field.as_schema(), validate_formats=True)
            for name, field in fields.items()
        },
    )


def _schema(intents: Mapping[str, str], fields: Mapping[str, CustomField]) -> str:
    """JSON Schema of what the model writes, where it is asked for these."""
    schema = Reading.model_json_schema()
    properties = schema["properties"]
    for name, asked in (
        ("intent", intents and _nullable({"type": "string", "enum": list(intents)})),
        (
            "custom_fields",
            fields and _object({name: _nullable(of.as_guide()) for name, of in fields.items()}),
        ),
    ):
        described = properties.pop(name)
        if asked:
            properties[name] = {**asked, "description": described["description"]}
    for field in properties.values():
        field.pop("default", None)
    named = {"Named": schema["$defs"]["Named"]}
    return to_json({**_object(properties), "$defs": named}).decode()


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    names = list(properties)
    kind: dict[str, Any] = {"type": "object", "additionalProperties": False}
    return {**kind, "properties": properties, "required": names}


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _task(intents: Mapping[str, str], fields: Mapping[str, CustomField]) -> str:
    """What is asked, in words."""
    lines = ["intent, one of these or null:"] if intents else []
    lines += [f"- {name}: {meaning}" for name, meaning in intents.items()]
    lines += ["custom_fields:"] if fields else []
    for name, field in fields.items():
        values = field.enum or (field.items and field.items.enum)
        kind = f"{field.format or field.type}{f', one of {values}' if values else ''}"
        said = filter(None, (kind, field.title, field.description))
        lines.append(f"- {name}: {'; '.join(said)}")
    return "\n".join(lines)


PLAIN: Final = _schema({}, {})
"""JSON Schema of what the model writes where nothing is asked besides."""
