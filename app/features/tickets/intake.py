"""A raw email out of a request: the body itself (``message/rfc822``), or a file of a form."""

from functools import partial
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from app.errors import (
    EmailUnreadable,
    MalformedForm,
    TextEmpty,
    TextTooLong,
    UnsupportedMediaType,
    invalid,
)
from app.features.concurrency import aside
from app.features.tickets.mail import Email, read_email, split_reply
from app.features.tickets.mail import EmailUnreadable as NoEmail
from app.features.tickets.request import TicketOptions, TicketRequest
from app.features.tickets.ticket import Attachment, EmailParts

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
                },
            },
        },
    }
}
"""What the OpenAPI document says of the request; FastAPI has no words for it."""


async def read_upload(request: Request) -> tuple[Email, TicketRequest]:
    """The email, read, and what is asked of it.

    Raises:
        RequestError: it is neither an email nor a form with one, or cannot be read.
        RequestValidationError: the form lacks the email, or its options are wrong.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _RAW:
        return await _read(await request.body(), "", TicketOptions())
    if media_type != _FORM:
        raise UnsupportedMediaType(f"The body must be {_RAW} or {_FORM}.")
    try:
        form = await request.form()
    except HTTPException as error:
        raise MalformedForm("The form cannot be read.") from error
    try:
        email, options = form.get("email"), form.get("options")
        told = await options.read() if isinstance(options, UploadFile) else options
        asked = _options(told) if told is not None else TicketOptions()
        if not isinstance(email, UploadFile):
            missing = {"type": "missing", "loc": ("body", "email"), "msg": "The email's file."}
            raise RequestValidationError([missing])
        return await _read(await email.read(), "/email", asked)
    finally:
        await form.close()


def is_unread(email: Email) -> bool:
    """Whether the email has a part with words that nobody read, such as a document.

    Pictures, which many signatures have, count where there is no text at all.
    """
    types = [part.type for part in email.attachments]
    return any(not (email.text and kind.startswith(_PASSED_OVER)) for kind in types)


async def parts_of(email: Email) -> EmailParts:
    """The wire's form of an email."""
    reply = await aside(partial(split_reply, email.text), characters=len(email.text))
    return EmailParts(
        subject=email.subject,
        sender=email.sender,
        date=email.date,
        message_id=email.message_id,
        text=reply.text,
        quoted=reply.quoted,
        signature=reply.signature,
        attachments=[
            Attachment(name=part.name, type=part.type, size=part.size) for part in email.attachments
        ],
    )


async def _read(raw: bytes, pointer: str, options: TicketOptions) -> tuple[Email, TicketRequest]:
    try:
        email = await aside(partial(read_email, raw), characters=len(raw))
    except NoEmail as error:
        raise invalid(EmailUnreadable, pointer, str(error)) from None
    if len(email.text) > _LONGEST:
        detail = f"The email may have at most {_LONGEST} characters of text."
        raise invalid(TextTooLong, pointer, detail)
    if not (email.subject.strip() or email.text.strip()):
        raise invalid(TextEmpty, pointer, "The email must have a subject or a text.")
    return email, TicketRequest.model_construct(
        subject=email.subject,
        body=email.text,
        sender=email.sender,
        headers=dict(email.headers),
        intents=options.intents,
        custom_fields=options.custom_fields,
    )


def _options(text: str | bytes) -> TicketOptions:
    try:
        return TicketOptions.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise RequestValidationError(
            [{**finding, "loc": ("body", "options", *finding["loc"])} for finding in found]
        ) from None
