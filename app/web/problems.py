"""RFC 9457: every error as ``application/problem+json``."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.errors import (
    FIELD_ERRORS,
    GroundworkError,
    InvalidRequest,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    RequestError,
    UnsupportedMediaType,
)

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20  # that are told of one request


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) to the field in the body.")
    detail: str = Field(description="What would be right.")
    code: str = Field(description="The kind of problem that this field has.")


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    type: str = Field(description="URI of the kind of problem, made of its code.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="This occurrence.")
    code: str = Field(description="Stable name of the kind of problem, for programs.")
    errors: list[FieldError] | None = Field(
        default=None, description="The fields that are wrong, where it is the request that is."
    )


_MEANINGS = {
    400: "malformed-json, malformed-form or header-invalid",
    413: "body-too-large, text-too-long or too-many-items",
    415: "unsupported-media-type",
    422: "request-invalid or a more exact text-empty, language-unknown, glossary-invalid, "
    "formality-unsupported, markup-invalid, email-unreadable, schema-unsatisfiable or "
    "conversations-off; "
    "input-too-long or model-refused",
    500: "internal-error",
    502: "upstream-unreachable, upstream-failed, upstream-rejected, model-output-truncated or "
    "model-output-invalid",
    503: "upstream-rate-limited, upstream-unavailable, overloaded, shutting-down or "
    "record-unwritten; "
    "`Retry-After` says when to try again",
    504: "upstream-timeout or deadline-exceeded",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def documented(status: int, codes: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that answers with problems of a status.

    Args:
        status: the HTTP status.
        codes: their codes, in words.
    """
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {codes}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] = _RETRY_AFTER
    return {status: response}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: response
    for meaning in _MEANINGS.items()
    for status, response in documented(*meaning).items()
}


def problem_of(error: GroundworkError) -> Problem:
    """The problem document for an error."""
    return Problem(
        type=f"urn:groundwork:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        **error.members,  # pyright: ignore[reportArgumentType] # extension members are free
    )


def problem_response(error: GroundworkError) -> Response:
    """The response for an error."""
    return Response(
        problem_of(error).model_dump_json(exclude_none=True),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def log_problem(error: GroundworkError, cause: BaseException | None = None) -> None:
    """Log an error at its own level; a stack trace only for what nobody foresaw."""
    unforeseen = cause if type(error) is GroundworkError else None
    log.log(
        error.log_level,
        "%s: %s %s",
        error.code,
        error.detail,
        error.upstream_note,
        exc_info=unforeseen,
    )


def unforeseen_response(error: Exception) -> Response:
    """The response for an error that nobody foresaw; logs it."""
    unforeseen = GroundworkError("The service failed in a way that nobody foresaw.")
    log_problem(unforeseen, error)
    return problem_response(unforeseen)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error that was foreseen with a problem; ``RequestFrame`` does so with others."""
    app.add_exception_handler(GroundworkError, _on_groundwork_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_groundwork_error(_request: Request, error: Exception) -> Response:
    known = error if isinstance(error, GroundworkError) else GroundworkError(str(error))
    log_problem(known, error)
    return problem_response(known)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.url.path
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = ", ".join(_methods(request))
        detail = f"{path} takes {allow}, not {request.method}."
        return problem_response(MethodNotAllowed(detail, allow=allow))
    if status == HTTPStatus.NOT_FOUND:
        return problem_response(NotFound(f"There is nothing at {path}."))
    if status == HTTPStatus.BAD_REQUEST:
        return problem_response(MalformedJson("The body cannot be read as JSON."))
    return problem_response(GroundworkError(f"The service failed with status {status}."))


def _methods(request: Request) -> list[str]:
    """All methods that the request's path takes, over all its routes."""
    app: FastAPI = request.app
    methods: set[str] = set()
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            methods.add(method)
    return sorted(methods)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, RequestValidationError) else RequestValidationError(())
    return problem_response(judge(request.headers.get("content-type"), known))


def judge(content_type: str | None, error: RequestValidationError) -> GroundworkError:
    """The error that a body's validation findings stand for."""
    found: Sequence[Mapping[str, Any]] = error.errors()[:_MOST_ERRORS]
    media_type = (content_type or "").partition(";")[0].strip().lower()
    whole_body = any(tuple(finding["loc"]) == ("body",) for finding in found)
    if whole_body and not (media_type == "application/json" or media_type.endswith("+json")):
        sent = f"not {media_type}" if media_type else "and the request has no Content-Type"
        return UnsupportedMediaType(f"The body must be application/json, {sent}.")
    for finding in found:
        if finding["type"] == "json_invalid":
            position = finding["loc"][-1]
            reason = finding.get("ctx", {}).get("error", "it cannot be parsed")
            return MalformedJson(f"The body is not valid JSON at character {position}: {reason}.")
    errors = [
        {
            "pointer": _pointer(finding, error.body),
            "detail": _sentence(finding["msg"]),
            "code": _kind(finding).code,
        }
        for finding in found
    ]
    names = ", ".join(error["pointer"] or "the body" for error in errors[:3])
    kinds = {_kind(finding) for finding in found}
    kind = kinds.pop() if len(kinds) == 1 else InvalidRequest
    return kind(f"Wrong: {names}. {errors[0]['detail']}", members={"errors": errors})


def _kind(finding: Mapping[str, Any]) -> type[RequestError]:
    return FIELD_ERRORS.get(finding["type"], InvalidRequest)


def _pointer(finding: Mapping[str, Any], body: Any) -> str:
    """JSON Pointer to the field; a part of a location that names a union's member is left out."""
    place, *parts = finding["loc"]
    kept: list[object] = []
    node = body
    for number, part in enumerate(parts, start=1):
        missing = finding["type"] == "missing" and number == len(parts)
        if place == "body" and body is not None and not missing:
            if not _is_in(part, node):
                continue
            node = node[part]
        kept.append(part)
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in kept)


def _is_in(part: object, node: Any) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(cast("list[Any]", node))
    return isinstance(node, dict) and part in node


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
