"""A raw email out of a request: the body itself (``message/rfc822``), or a file of a form."""

from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from app.errors import (
    EmailUnreadable,
    MalformedForm,
    TextEmpty,
    TextTooLong,
    UnsupportedMediaType,
    invalid,
)
from app.features.tickets import mail
from app.features.tickets.letter import Letter, headers_of
from app.features.tickets.schemas import Attachment, EmailParts, TicketOptions

_LONGEST: Final = 500_000
_RAW: Final = "message/rfc822"
_FORM: Final = "multipart/form-data"


def _options_schema() -> dict[str, Any]:
    """Whose parts stand among the components of the document, as those of ``TicketRequest``."""
    schema = TicketOptions.model_json_schema(ref_template="#/components/schemas/{model}")
    del schema["$defs"]
    return schema


DOCUMENTED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            _RAW: {
                "schema": {"type": "string", "format": "binary"},
                "example": "From: Ada Hill <ada@example.com>\r\nSubject: Charged twice\r\n\r\n"
                "Hello, you charged me twice for Inkwell Pro. I want my money back.\r\n",
            },
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["email"],
                    "properties": {
                        "email": {
                            "type": "string",
                            "format": "binary",
                            "description": "The email's file.",
                        },
                        "options": _options_schema(),
                    },
                },
            },
        },
    }
}
"""What the OpenAPI document says of the request; FastAPI has no words for it."""


async def read_upload(request: Request) -> tuple[mail.Email, TicketOptions]:
    """The email, read, and what its ticket is to tell besides.

    Raises:
        UnsupportedMediaType: it is neither an email nor a form.
        MalformedForm: the form cannot be read.
        RequestValidationError: the form lacks the email, or its options are wrong.
        EmailUnreadable: the bytes are no email.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _RAW:
        return await _read(await request.body(), ""), TicketOptions()
    if media_type != _FORM:
        raise UnsupportedMediaType(f"The body must be {_RAW} or {_FORM}.")
    try:
        form = await request.form()
    except HTTPException as error:
        raise MalformedForm("The form cannot be read.") from error
    try:
        options = await _options_of(form)
        email = form.get("email")
        if not isinstance(email, UploadFile):
            raise _missing("email", "The file with the email.")
        return await _read(await email.read(), "/email"), options
    finally:
        await form.close()


def letter_of(email: mail.Email) -> Letter:
    """What a ticket is made of.

    Raises:
        TextEmpty: the email has neither a subject nor a text.
        TextTooLong: the text is longer than rules can read while somebody waits.
    """
    if len(email.text) > _LONGEST:
        raise invalid(TextTooLong, "", f"The email may have at most {_LONGEST} characters of text.")
    if not (email.subject.strip() or email.text.strip()):
        raise invalid(TextEmpty, "", "The email must have a subject or a text.")
    return Letter.model_construct(
        subject=email.subject,
        body=email.text,
        headers=headers_of(email.headers),
        hidden=email.hidden,
    )


def parts_of(email: mail.Email, letter: Letter) -> EmailParts:
    """The wire's form of an email."""
    reply = letter.reply
    return EmailParts.model_construct(
        subject=email.subject,
        sender=email.sender,
        date=email.date,
        message_id=email.message_id,
        text=reply.text,
        quoted=reply.quoted,
        signature=reply.signature,
        attachments=[
            Attachment.model_construct(name=part.name, type=part.type, size=part.size)
            for part in email.attachments
        ],
    )


async def _read(raw: bytes, pointer: str) -> mail.Email:
    try:
        return await run_in_threadpool(mail.read_email, raw)
    except mail.EmailUnreadable as error:
        raise invalid(EmailUnreadable, pointer, str(error)) from None


async def _options_of(form: FormData) -> TicketOptions:
    options = form.get("options")
    if options is None:
        return TicketOptions()
    text = await options.read() if isinstance(options, UploadFile) else options
    try:
        return TicketOptions.model_validate_json(text)
    except ValidationError as error:
        found = [
            {**finding, "loc": ("body", "options", *finding["loc"])}
            for finding in error.errors(include_url=False)
        ]
        raise RequestValidationError(found) from None


def _missing(name: str, meaning: str) -> RequestValidationError:
    return RequestValidationError([{"type": "missing", "loc": ("body", name), "msg": meaning}])
