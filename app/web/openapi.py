"""The OpenAPI document, fit for client generators."""

from typing import Any

from fastapi import FastAPI

from app.web.problems import Problem

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
]
_REF = "#/components/schemas/{model}"


def install_openapi(app: FastAPI) -> None:
    """Make ``app.openapi()`` give the finished document, built once."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _add_problem(document)
            _drop_fastapi_errors(document)
            _stream_media_types(document)
            _add_headers(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue] # documented by FastAPI


def _add_problem(document: dict[str, Any]) -> None:
    schema = Problem.model_json_schema(mode="serialization", ref_template=_REF)
    schemas = document["components"]["schemas"]
    schemas |= schema.pop("$defs", {})
    schemas["Problem"] = schema


def _drop_fastapi_errors(document: dict[str, Any]) -> None:
    """FastAPI documents a validation error of its own; ours are problems."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _stream_media_types(document: dict[str, Any]) -> None:
    """An operation that streams declares its events under ``text/event-stream`` alone."""
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"].get("200", {}).get("content", {})
            if "text/event-stream" in content and "application/json" in content:
                content["text/event-stream"] = content.pop("application/json")


def _add_headers(document: dict[str, Any]) -> None:
    """The headers that every operation takes which asks the model; see ``RequestFrame``."""
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["parameters"] = [*operation.get("parameters", []), *_HEADERS]
