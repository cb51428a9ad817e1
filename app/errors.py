"""The family of errors: each class owns its code, status, log level and retryability.

``RequestError`` is the caller's side, ``UpstreamError`` the model's server, ``ModelError`` what the
model said. Those below ``InvalidRequest`` are found by validation as well: a validator raises
:func:`field_error`.

``detail`` is written by us and safe to show; it and ``upstream_note`` go to the log, so neither
quotes what somebody wrote, or may have written.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Final, LiteralString, cast

from pydantic_core import PydanticCustomError, ValidationError


class GroundworkError(Exception):
    """Base of all errors that become a problem+json response (RFC 9457)."""

    code: ClassVar[str] = "internal-error"
    status: int = 500
    title: ClassVar[str] = "Internal error"  # the same for every occurrence
    type: ClassVar[str] = ""  # a URI, where one is registered; else it is made of the code
    log_level: ClassVar[int] = logging.ERROR
    retryable: ClassVar[bool] = False  # whether the same upstream call may be tried again
    closes: ClassVar[bool] = False  # whether the caller's connection ends with it

    def __init__(
        self,
        detail: str,
        *,
        retry_after: float | None = None,
        upstream_note: str = "",
        upstream_status: int | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail  # this occurrence, in words
        self.retry_after = retry_after  # seconds after which a new attempt makes sense, if known
        self.upstream_note = upstream_note  # what is known of the cause; logged, never shown
        self.upstream_status = upstream_status  # of the provider's answer, if there was one
        self.members: dict[str, object] = dict(members or {})  # more of the problem document

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that belong to the problem; ``Retry-After`` in whole seconds.

        A 503 always has one, of a second where nothing better is known.
        """
        headers = {"Connection": "close"} if self.closes else {}
        wait = self.retry_after
        if wait is not None or self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(max(1, math.ceil(wait or 0)))
        return headers


class ConfigurationError(GroundworkError):
    code = "configuration-invalid"
    title = "The service is not configured correctly"


class RequestError(GroundworkError):
    log_level = logging.INFO


class InvalidHttp(RequestError):
    code, status, title = "http-invalid", 400, "The request is not valid HTTP"
    closes = True


class MalformedJson(RequestError):
    code, status, title = "malformed-json", 400, "The body is not valid JSON"


class MalformedForm(RequestError):
    code, status, title = "malformed-form", 400, "The form cannot be read"


class InvalidHeader(RequestError):
    code, status, title = "header-invalid", 400, "A request header is not valid"


class IdempotencyOff(RequestError):
    code, status, title = "idempotency-off", 400, "Replies are not kept for repetitions"


class IdempotencyKeyInUse(RequestError):
    code, status, title = "idempotency-key-in-use", 409, "The request is still being answered"


class IdempotencyKeyReused(RequestError):
    code, status, title = "idempotency-key-reused", 422, "The key belongs to another request"


class BatchCancelled(RequestError):
    code, status, title = "batch-cancelled", 409, "The batch was cancelled"


class BatchExpired(RequestError):
    code, status, title = "batch-expired", 409, "The batch expired"


class BatchRunning(RequestError):
    code, status, title = "batch-running", 409, "The batch is still worked on"


class Refused(RequestError):
    """Not let in, and what would be; ``bearer`` is the name that RFC 6750 has for it, if any."""

    code, status, title = "refused", 403, "The request is refused"
    bearer: ClassVar[str] = ""

    @property
    def headers(self) -> dict[str, str]:
        """``WWW-Authenticate``, as of RFC 6750, section 3, where another key would do."""
        error = f', error="{self.bearer}"' if self.bearer else ""
        if not error and self.status != HTTPStatus.UNAUTHORIZED:
            return {}
        return {"WWW-Authenticate": f'Bearer realm="groundwork"{error}'}


class KeyMissing(Refused):
    code, status, title = "key-missing", 401, "A key is needed"


class KeyInvalid(Refused):
    code, status, title = "key-invalid", 401, "The key is not valid"
    bearer = "invalid_token"


class ScopeMissing(Refused):
    code, status, title = "scope-missing", 403, "The key is not for this"
    bearer = "insufficient_scope"


class CrossSite(Refused):
    code, status, title = "cross-site", 403, "Another site's page may not send this"


class HostUnknown(Refused):
    code, status, title = "host-unknown", 421, "The service has another name"


class NotFound(RequestError):
    code, status, title = "not-found", 404, "There is nothing at this path"


class MessageUnknown(NotFound):
    code, title = "message-unknown", "There is no such message"


class ConversationUnknown(NotFound):
    code, title = "conversation-unknown", "There is no such conversation"


class BatchUnknown(NotFound):
    code, title = "batch-unknown", "There is no such batch"


class BatchesOff(NotFound):
    code, title = "batches-off", "Batches are not taken"


class FeedbackOff(NotFound):
    code, title = "feedback-off", "Feedback is not taken"


class MethodNotAllowed(RequestError):
    code, status, title = "method-not-allowed", 405, "The path does not take this method"


class RequestTimeout(RequestError):
    code, status, title = "request-timeout", 408, "The request came too slowly"
    closes = True


class BodyTooLarge(RequestError):
    code, status, title = "body-too-large", 413, "The body is too large"


class UnsupportedMediaType(RequestError):
    code, status, title = "unsupported-media-type", 415, "The media type is not supported"


class InvalidRequest(RequestError):
    code, status, title = "request-invalid", 422, "The request is not valid"


class TextTooLong(RequestError):
    code, status, title = "text-too-long", 413, "A text is too long"


class TooManyItems(RequestError):
    code, status, title = "too-many-items", 413, "A list has too many items"


class TextEmpty(InvalidRequest):
    code, title = "text-empty", "A text is empty"


class LanguageUnknown(InvalidRequest):
    code, title = "language-unknown", "The language is not known"


class GlossaryInvalid(InvalidRequest):
    code, title = "glossary-invalid", "The glossary is not valid"


class FormalityUnsupported(InvalidRequest):
    code, title = "formality-unsupported", "The language has no such formality"


class MarkupInvalid(InvalidRequest):
    code, title = "markup-invalid", "The markup is not well-formed"


class EmailUnreadable(InvalidRequest):
    code, title = "email-unreadable", "The email cannot be read"


class SchemaUnsatisfiable(InvalidRequest):
    code, title = "schema-unsatisfiable", "The schema cannot be satisfied"


class BatchInvalid(InvalidRequest):
    code, title = "batch-invalid", "Rows of the batch are not valid"


class ConversationsOff(InvalidRequest):
    code, title = "conversations-off", "Conversations are not kept"


class BatchesUnsupported(InvalidRequest):
    code, title = "batches-unsupported", "The model server takes no batches"


class QuotaExceeded(RequestError):
    code, status, title = "quota-exceeded", 429, "The caller has used up a quota"
    type = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class UpstreamError(GroundworkError):
    log_level = logging.WARNING


class UpstreamUnreachable(UpstreamError):
    code, status, title = "upstream-unreachable", 502, "The model server cannot be reached"
    retryable = True


class UpstreamFailed(UpstreamError):
    code, status, title = "upstream-failed", 502, "The model server failed"
    retryable = True


class UpstreamRejected(UpstreamError):
    code, status, title = "upstream-rejected", 502, "The model server rejected the call"
    log_level = logging.ERROR


class BatchUnconfirmed(UpstreamError):
    code, status, title = "batch-unconfirmed", 502, "It is not known whether a batch was taken"
    log_level = logging.ERROR


class UpstreamRateLimited(UpstreamError):
    code, status, title = "upstream-rate-limited", 503, "The model server limits the rate"
    retryable = True


class UpstreamUnavailable(UpstreamError):
    code, status, title = "upstream-unavailable", 503, "The model server is overloaded or down"
    retryable = True


class CircuitOpen(UpstreamUnavailable):
    retryable = False


class UpstreamTimeout(UpstreamError):
    code, status, title = "upstream-timeout", 504, "The model server did not answer in time"
    retryable = True


class ModelError(GroundworkError):
    log_level = logging.WARNING


class InputTooLong(ModelError):
    code, status, title = "input-too-long", 422, "The input is too long for the model"
    log_level = logging.INFO


class ModelRefused(ModelError):
    code, status, title = "model-refused", 422, "The model refused to answer"


class ModelOutputTruncated(ModelError):
    code, status, title = "model-output-truncated", 502, "The model's output was cut off"


class ModelOutputInvalid(ModelError):
    code, status, title = "model-output-invalid", 502, "The model's output is not valid"


class DeadlineExceeded(GroundworkError):
    code, status, title = "deadline-exceeded", 504, "The request ran out of time"
    log_level = logging.WARNING


class Overloaded(GroundworkError):
    code, status, title = "overloaded", 503, "The service is at its capacity"
    log_level = logging.WARNING


class RecordUnwritten(GroundworkError):
    code, status, title = "record-unwritten", 503, "The service could not write to its own files"


class BatchesUnavailable(GroundworkError):
    code, status, title = "batches-unavailable", 503, "The batches' database cannot be used"


class LimitsUnknown(GroundworkError):
    code, status, title = "limits-unknown", 503, "The callers' limits cannot be looked up"
    type = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
    log_level = logging.WARNING


class ShuttingDown(GroundworkError):
    code, status, title = "shutting-down", 503, "The service is shutting down"
    log_level = logging.INFO


FIELD_ERRORS: Final[Mapping[str, type[RequestError]]] = {
    "string_too_long": TextTooLong,
    "too_long": TooManyItems,
    **{kind.code: kind for kind in (TextTooLong, TooManyItems, *InvalidRequest.__subclasses__())},
}
"""What a finding of Pydantic's, by its type, stands for; all others are an InvalidRequest."""


def field_error(kind: type[RequestError], detail: str) -> PydanticCustomError:
    """What a validator raises for a field that is wrong in a way that has a code of its own."""
    return PydanticCustomError(cast("LiteralString", kind.code), "{detail}", {"detail": detail})


def invalid(kind: type[RequestError], pointer: str, detail: str) -> RequestError:
    """The problem of one field, which a JSON Pointer names, found after validation."""
    error = {"pointer": pointer, "detail": detail, "code": kind.code}
    return kind(f"Wrong: {pointer or 'the body'}. {detail}", members={"errors": [error]})


def first_of(error: ValidationError) -> str:
    """The first thing that a validation found, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
