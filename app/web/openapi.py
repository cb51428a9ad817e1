"""The OpenAPI document, fit for client generators."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.web.bodies import STREAMED
from app.web.problems import Problem, documented

_KEY = r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255})$'
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name of your own for the request, such as a UUID, in quotes or without; "
    "for 24 hours, sending the request again with it gives the first one's reply, with "
    "`Idempotency-Replayed: true` (IETF draft httpapi-idempotency-key-header). Only where the "
    "operator has set `GROUNDWORK_STORE`.",
    "schema": {"type": "string", "pattern": _KEY},
}
_HEADERS: list[dict[str, Any]] = [
    {
        "name": "X-Request-Timeout",
        "in": "header",
        "description": "Seconds that the answer may take, if they are less than the operator "
        "allows; then the answer is a 504.",
        "schema": {"type": "number", "minimum": 0.001, "maximum": 86_400},
    },
    {
        "name": "Cache-Control",
        "in": "header",
        "description": "`no-cache`, `no-store` or `max-age=<seconds>`, for a fresh answer where "
        "the operator keeps answers (RFC 9111). `Cache-Status` tells where an answer came from.",
        "schema": {"type": "string"},
    },
    IDEMPOTENCY_KEY,
]
_SCHEME: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of the service (`groundwork keys new NAME`), where it asks for one.",
}
_AT_THE_DOOR = documented(401, "key-missing or key-invalid") | documented(
    403, "scope-missing or cross-site"
)
_TO_ALL = frozenset({"/healthz", "/readyz"})
_REF = "#/components/schemas/{model}"
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")  # ours are problems


def install_openapi(app: FastAPI, *models: type[BaseModel]) -> None:
    """Make ``app.openapi()`` give the finished document, built once.

    ``models`` are those of bodies that endpoints read by themselves, whose schemas refer to them.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(plain(), (Problem, *models))
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue] # documented by FastAPI


def text_field(document: Mapping[str, Any], path: str) -> tuple[str, Mapping[str, Any]]:
    """The field of a request for a text alone, and its schema: ``text``, or the first it must have."""
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    field = "text" if "text" in schema["properties"] else schema["required"][0]
    return field, schema["properties"][field]


def _finished(document: dict[str, Any], models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for model in models:
        schema = model.model_json_schema(mode="serialization", ref_template=_REF)
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    # No key is needed where the operator gives none out: clients may send one, always.
    document["components"]["securitySchemes"] = {"key": _SCHEME}
    document["security"] = [{"key": []}, {}]
    for path, operation in [
        (p, each) for p, item in document["paths"].items() for each in item.values()
    ]:
        if path not in _TO_ALL and "403" not in operation["responses"]:  # else it says it itself
            operation["responses"] |= {str(code): said for code, said in _AT_THE_DOOR.items()}
        content = operation["responses"].get("200", {}).get("content", {})
        if "text/event-stream" in content and "application/json" in content:
            content["text/event-stream"] = content.pop("application/json")
        if "requestBody" in operation and path not in STREAMED:  # it asks the model
            operation["parameters"] = [*operation.get("parameters", []), *_HEADERS]
    return document
