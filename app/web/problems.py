"""RFC 9457: every error as ``application/problem+json``."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.errors import (
    FIELD_ERRORS,
    GroundworkError,
    InvalidRequest,
    MalformedForm,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
)
from app.gateway.call import current_call
from app.web.bodies import is_json

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_MOST_ERRORS = 20  # that are told of one request
_LONGEST_NAME = 100  # characters of a field's name in a pointer; a caller's own may have megabytes


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) to the field in the body.")
    detail: str = Field(description="What would be right.")
    code: str = Field(description="The kind of problem that this field has.")
    line: int | None = Field(
        default=None, description="The line or, in JSON, the request of a batch that it is in."
    )


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="URI of the kind of problem: a registered one, or its code's.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="This occurrence.")
    code: str = Field(description="Stable name of the kind of problem, for programs.")
    errors: list[FieldError] | None = Field(
        default=None, description="The fields that are wrong, where it is the request that is."
    )


_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    429: _RETRY_AFTER
    | {
        "RateLimit": {
            "description": "What is left (`r`) of each limit, and seconds until it begins anew (`t`).",
            "schema": {"type": "string"},
        },
        "RateLimit-Policy": {
            "description": "The caller's limits: quota (`q`), its unit (`qu`), seconds (`w`).",
            "schema": {"type": "string"},
        },
    },
    503: _RETRY_AFTER,
}


def documented(status: int, codes: str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that answers with such problems; ``codes`` in words."""
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {codes}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return {status: response}


PROBLEMS: dict[int | str, dict[str, Any]] = (
    documented(
        400, "malformed-json, malformed-form, header-invalid, http-invalid or idempotency-off"
    )
    | documented(408, "request-timeout")
    | documented(409, "idempotency-key-in-use; `Retry-After` says when to try again")
    | documented(413, "body-too-large, text-too-long or too-many-items")
    | documented(415, "unsupported-media-type")
    | documented(
        422,
        "request-invalid or a more exact text-empty, language-unknown, glossary-invalid, "
        "formality-unsupported, markup-invalid, email-unreadable, schema-unsatisfiable or "
        "conversations-off; idempotency-key-reused; input-too-long or model-refused",
    )
    | documented(
        429,
        "quota-exceeded; `violated-policies` names the limits, `Retry-After` says when to try again, "
        "`RateLimit` and `RateLimit-Policy` what is left of which",
    )
    | documented(500, "internal-error")
    | documented(
        502,
        "upstream-unreachable, upstream-failed, upstream-rejected, model-output-truncated or "
        "model-output-invalid",
    )
    | documented(
        503,
        "upstream-rate-limited, upstream-unavailable, overloaded, limits-unknown, shutting-down or "
        "record-unwritten; `Retry-After` says when to try again",
    )
    | documented(504, "upstream-timeout or deadline-exceeded")
)


def problem_of(error: GroundworkError) -> Problem:
    """The problem document for an error."""
    return Problem(
        type=error.type or f"urn:groundwork:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        **error.members,  # pyright: ignore[reportArgumentType] # extension members are free
    )


def restate(problem: GroundworkError) -> None:
    """Have a problem be what the clients of DeepL's and LibreTranslate's APIs read.

    Theirs is a 403 where a key does not do, and their detail is a ``message`` or an ``error``.
    """
    problem.members |= {"message": problem.detail, "error": problem.detail}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        problem.status = HTTPStatus.FORBIDDEN


def problem_response(error: GroundworkError) -> Response:
    """The response for an error, with which the request has failed."""
    current_call().problem = type(error)
    return Response(
        problem_of(error).model_dump_json(exclude_none=True),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def logged(error: Exception) -> GroundworkError:
    """The error as one of ours, logged at its own level; what nobody foresaw with a stack trace."""
    known, trace = error, None
    if not isinstance(known, GroundworkError):
        known, trace = GroundworkError("The service failed in a way that nobody foresaw."), error
    detail = "" if "errors" in known.members else known.detail  # of a field, which it may quote
    what = " ".join(filter(None, (detail, known.upstream_note)))
    log.log(known.log_level, "%s: %s", known.code, what, exc_info=trace)
    return known


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error that was foreseen with a problem; ``RequestFrame`` does so with others."""
    app.exception_handler(GroundworkError)(_on_groundwork_error)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(HTTPException)(_on_http_exception)


async def _on_groundwork_error(_request: Request, error: GroundworkError) -> Response:
    return problem_response(logged(error))


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    return problem_response(judge(request.headers.get("content-type"), error))


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    """The problem for what Starlette and FastAPI raise by themselves."""
    path, status, allow = request.url.path, error.status_code, ""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = ", ".join(_methods_at(request))
    problem = GroundworkError(f"The service failed with status {status}.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = MethodNotAllowed(f"{path} takes {allow}, not {request.method}.")
    elif status == HTTPStatus.NOT_FOUND:
        problem = NotFound(f"There is nothing at {path}.")
    elif status == HTTPStatus.BAD_REQUEST and "form" in request.headers.get("content-type", ""):
        problem = MalformedForm("The form cannot be read.")
    elif status == HTTPStatus.BAD_REQUEST:
        problem = MalformedJson("The body cannot be read as JSON.")
    response = problem_response(problem)
    if allow:
        response.headers["Allow"] = allow
    return response


def _methods_at(request: Request) -> list[str]:
    """What its path takes; Starlette names the methods of one route, though there are several."""

    def is_taken(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    return sorted(filter(is_taken, _METHODS))


def judge(content_type: str | None, error: RequestValidationError) -> GroundworkError:
    """The error that a body's validation findings stand for."""
    error.__traceback__ = None  # in a cycle with the whole body, however large
    found: Sequence[Mapping[str, Any]] = error.errors()[:_MOST_ERRORS]
    whole_body = any(tuple(finding["loc"]) == ("body",) for finding in found)
    if whole_body and not is_json(content_type or ""):
        media_type = (content_type or "").partition(";")[0].strip().lower()
        sent = f"not {media_type}" if media_type else "and the request has no Content-Type"
        return UnsupportedMediaType(f"The body must be application/json, {sent}.")
    kinds = [FIELD_ERRORS.get(finding["type"], InvalidRequest) for finding in found]
    errors = [
        {
            "pointer": _pointer(finding, error.body),
            "detail": _sentence(finding["msg"]),
            "code": kind.code,
        }
        for finding, kind in zip(found, kinds, strict=True)
    ]
    names = ", ".join(error["pointer"] or "the body" for error in errors[:3])
    kind = kinds[0] if len(set(kinds)) == 1 else InvalidRequest
    return kind(f"Wrong: {names}. {errors[0]['detail']}", members={"errors": errors})


def _pointer(finding: Mapping[str, Any], body: Any) -> str:
    """JSON Pointer to the field; a part of a location that names a union's member is left out."""
    place, *parts = finding["loc"]
    kept: list[object] = []
    node = body
    for number, part in enumerate(parts, start=1):
        if place == "body" and body is not None:
            try:
                node = node[part]
            except (LookupError, TypeError):
                if finding["type"] != "missing" or number < len(parts):
                    continue
        kept.append(part)
    names = (str(part)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for part in kept)
    return "".join(f"/{name}" for name in names)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
