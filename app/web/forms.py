"""Forms out of requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from app.errors import MalformedForm


@asynccontextmanager
async def read_form(request: Request) -> AsyncGenerator[FormData]:
    """The form; its files are closed with the block.

    Raises:
        MalformedForm: it cannot be read, or its charset makes of it what no text can be.
    """
    try:
        form = await request.form()
    except (HTTPException, ValueError) as error:
        raise MalformedForm("The form cannot be read.") from error
    try:
        _require_text(form)
        yield form
    finally:
        await form.close()


def _require_text(form: FormData) -> None:
    try:
        for name, value in form.multi_items():
            (name + value if isinstance(value, str) else name).encode()
    except ValueError as error:
        raise MalformedForm("The form cannot be read.") from error
