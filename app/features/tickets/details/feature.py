"""What the caller wants to know besides: an intent out of a list, and fields of its own schema."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
from pydantic import Field, JsonValue
from pydantic_core import to_json

from app.features.feature import Feature
from app.features.tickets.custom_fields import INTENT, CustomFields
from app.features.wire import Passage, RequestModel
from app.gateway import OutputSchema, PromptPrefix

_MOST_PREFIXES: Final = 64  # each caller's schema makes one


class DetailsRequest(RequestModel):
    """An email and what to find in it."""

    email: Passage
    intents: Mapping[str, str] = Field(default={}, description="Descriptions by name.")
    fields: CustomFields | None = None


class Details(Feature[DetailsRequest, dict[str, JsonValue]]):
    """Fills the fields that a caller names; null where the email does not tell."""

    name = "tickets"
    title = "Intent and custom fields of a ticket"
    folder = Path(__file__).parent
    input_type = DetailsRequest
    output_type = dict[str, JsonValue]
    max_tokens = 400
    untrusted = True

    def __init__(self) -> None:
        super().__init__()
        self._prefix_of = lru_cache(_MOST_PREFIXES)(self._prefix_with)

    def render(self, request: DetailsRequest) -> str:
        return request.email

    def task(self, request: DetailsRequest) -> str:
        lines = [f"{name}: {description}" for name, description in request.intents.items()]
        intents = [f"intent, one of:\n{_listed(lines)}"] if lines else []
        fields = request.fields.properties if request.fields else {}
        told = [_told(name, field.as_schema()) for name, field in fields.items()]
        return "\n".join((*intents, *told))

    def prefix(self, request: DetailsRequest) -> PromptPrefix:
        return self._prefix_of(to_json(schema_of(request)).decode())

    def check(self, request: DetailsRequest, output: dict[str, JsonValue]) -> str | None:
        error = next(_validator(to_json(schema_of(request)).decode()).iter_errors(output), None)
        if error is None:
            return None
        where = ".".join(map(str, error.instance_path))
        return f"{where}: {error.message}" if where else error.message

    def _prefix_with(self, schema: str) -> PromptPrefix:
        return self._make_prefix(
            self.instruction, self.examples, OutputSchema("ticket_details", schema)
        )


def schema_of(request: DetailsRequest) -> dict[str, Any]:
    """JSON Schema of the output."""
    properties: dict[str, Any] = {}
    if request.intents:
        properties[INTENT] = {"anyOf": [{"enum": list(request.intents)}, {"type": "null"}]}
    if request.fields:
        properties |= request.fields.schemas()
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@lru_cache(_MOST_PREFIXES)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema), validate_formats=True)


def _told(name: str, schema: Mapping[str, Any]) -> str:
    kind = schema.get("format") or schema["type"]
    values = schema.get("enum") or schema.get("items", {}).get("enum")
    said = ", ".join(filter(None, (schema.get("title"), schema.get("description"))))
    one_of = f", one of {json.dumps(values, ensure_ascii=False)}" if values else ""
    return f"{name} ({kind}{one_of}){': ' if said else ''}{said}"


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
