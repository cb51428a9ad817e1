"""A raw email out of a request: the body itself (``message/rfc822``), or a file of a form."""

from functools import partial
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Json, ValidationError
from starlette.datastructures import UploadFile

from app.errors import EmailUnreadable, TextEmpty, TextTooLong, UnsupportedMediaType, invalid
from app.features.concurrency import aside
from app.features.tickets.mail import Email, read_email
from app.features.tickets.schemas import TicketOptions, TicketRequest
from app.web.forms import read_form

_LONGEST: Final = 500_000
_RAW: Final = "message/rfc822"
_FORM: Final = "multipart/form-data"
_PASSED_OVER: Final = ("image/", "application/pgp-signature", "application/pkcs7-signature")

_OPTIONS: Final = TicketOptions.model_json_schema(ref_template="#/components/schemas/{model}")
del _OPTIONS["$defs"]  # they stand among the document's components, as parts of TicketRequest
_EMAIL: Final = {"type": "string", "format": "binary"}
DOCUMENTED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            _RAW: {
                "schema": _EMAIL,
                "example": "From: Ada Hill <ada@example.com>\r\nSubject: Charged twice\r\n\r\n"
                "Hello, you charged me twice for Inkwell Pro. I want my money back.\r\n",
            },
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["email"],
                    "properties": {
                        "email": {**_EMAIL, "description": "The email's file."},
                        "options": _OPTIONS,
                    },
                }
            },
        },
    }
}
"""What the OpenAPI document says of the request; FastAPI has no words for it."""


class _Upload(BaseModel):
    email: bytes
    options: Json[TicketOptions] = TicketOptions()


async def read_upload(request: Request) -> tuple[Email, TicketRequest]:
    """The email, read, and what is asked of it.

    Raises:
        RequestError: it is neither an email nor a form with one, or cannot be read.
        RequestValidationError: the form is wrong.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (_RAW, _FORM):
        raise UnsupportedMediaType(f"The body must be {_RAW} or {_FORM}.")
    if media_type == _FORM:
        upload, pointer = await _form(request), "/email"
    else:
        upload, pointer = _Upload(email=await request.body()), ""
    try:
        email = await aside(partial(read_email, upload.email), characters=len(upload.email))
    except EmailUnreadable as error:
        raise invalid(EmailUnreadable, pointer, error.detail) from None
    if len(email.text) > _LONGEST:
        detail = f"The email may have at most {_LONGEST} characters of text."
        raise invalid(TextTooLong, pointer, detail)
    if not (email.parts.subject.strip() or email.text.strip()):
        raise invalid(TextEmpty, pointer, "The email must have a subject or a text.")
    return email, TicketRequest.model_construct(
        **dict(upload.options),
        subject=email.parts.subject,
        body=email.text,
        sender=email.parts.sender,
        headers=email.headers,
    )


async def _form(request: Request) -> _Upload:
    async with read_form(request) as form:
        fields = {
            name: await value.read() if isinstance(value, UploadFile) else value
            for name, value in form.items()
        }
    try:
        return _Upload.model_validate(fields)
    except ValidationError as error:
        findings = error.errors(include_url=False)
        raise RequestValidationError(
            [{**finding, "loc": ("body", *finding["loc"])} for finding in findings]
        ) from None


def is_unread(email: Email) -> bool:
    """Whether the email has a part with words that nobody read, such as a document.

    Pictures, which many signatures have, count where there is no text at all.
    """
    types = [part.type for part in email.parts.attachments]
    return any(not (email.text and kind.startswith(_PASSED_OVER)) for kind in types)
