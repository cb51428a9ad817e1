"""The feature: what the model is sent of an email, and what it is asked to put right."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cachetools import LRUCache, cached
from pydantic_core import to_json

from app.features.feature import Feature, Texts
from app.features.proofs import Check
from app.features.tickets.schemas import Reading, TicketOptions, TicketRequest
from app.gateway import OutputSchema, PromptPrefix

_READING: Final = Reading.model_json_schema()
_MOST_KEPT: Final = 1_048_576  # bytes of callers' schemas, each of which has a prefix


def _as_asked(request: TicketRequest, reading: Reading) -> Check | None:
    """Whether the intent is on the caller's list, and the values fit the caller's schema."""
    names = request.intent_names
    wrong = dict[str, str]()
    if names and reading.intent and reading.intent not in names:
        wrong["intent"] = f"it must be null or one of {', '.join(names)}"
    if own := request.custom_fields:
        found = own.findings(reading.custom_fields or {})
        wrong |= {f"custom_fields.{name}": finding for name, finding in found.items()}
    elif not names:
        return None
    advice = "\n".join(f"{name}: {finding}." for name, finding in wrong.items())
    return Check("intent_and_custom_fields", not wrong, unexpected=tuple(wrong), advice=advice)


class _Tickets(Feature[TicketRequest, Reading]):
    """Reads a support email into what a ticket is made from."""

    def use(self, texts: Texts[TicketRequest, Reading]) -> None:
        super().use(texts)
        self._plain = self._with(_PLAIN)
        self._asked = cached(LRUCache[Any, PromptPrefix](_MOST_KEPT, _size))(self._with)

    def _with(self, schema: str) -> PromptPrefix:
        asked = OutputSchema(self.name, schema)
        return replace(self._prefix, schema=asked, is_callers=schema is not _PLAIN)

    def render(self, request: TicketRequest) -> str:
        lines = {"From": request.sender, "Subject": request.subject}
        head = "".join(f"{name}: {value}\n" for name, value in lines.items() if value)
        return head + request.content

    def task(self, request: TicketRequest) -> str:
        lines = ["Write the ticket of this email."]
        lines += ["intent, one of these or null:"] if request.intents else []
        lines += [f"- {intent.name}: {intent.description}" for intent in request.intents]
        if own := request.custom_fields:
            lines += ["custom_fields:"]
            lines += [f"- {name}: {field.in_words}" for name, field in own.properties.items()]
        return "\n".join(lines)

    def prefix(self, request: TicketRequest) -> PromptPrefix:
        is_plain = not request.intents and request.custom_fields is None
        return self._plain if is_plain else self._asked(_schema(request))


def _size(prefix: PromptPrefix) -> int:
    return 4 * len(prefix.schema.json) if prefix.schema else 0  # bytes of a character, at most


def _schema(asked: TicketOptions) -> str:
    """JSON Schema of what the model writes, where it is asked for these."""
    properties = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in _READING["properties"].items()
    }
    said = {name: properties.pop(name)["description"] for name in ("intent", "custom_fields")}
    if asked.intents:
        kind = _nullable({"type": "string", "enum": asked.intent_names})
        properties["intent"] = {**kind, "description": said["intent"]}
    if own := asked.custom_fields:
        kind = _object({name: _nullable(of.as_guide()) for name, of in own.properties.items()})
        properties["custom_fields"] = {**kind, "description": said["custom_fields"]}
    return to_json({**_object(properties), "$defs": {"Named": _READING["$defs"]["Named"]}}).decode()


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "object", "additionalProperties": False}
    return {**kind, "properties": properties, "required": list(properties)}


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_PLAIN: Final = _schema(TicketOptions())

FEATURE: Final = _Tickets(
    "tickets",
    asks=TicketRequest,
    gives=Reading,
    proofs=(_as_asked,),
    max_tokens=1_200,
    alternatives=5,
    metrics={"product": "name"},
    margin=0.07,
)
