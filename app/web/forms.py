"""Forms out of requests."""

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from app.errors import MalformedForm


async def read_form(request: Request) -> FormData:
    """The form; whoever reads its files closes it.

    Raises:
        MalformedForm: it cannot be read, or its charset makes of it what no text can be.
    """
    try:
        form = await request.form()
        for name, value in form.multi_items():
            (name + value if isinstance(value, str) else name).encode()
    except (HTTPException, ValueError) as error:
        raise MalformedForm("The form cannot be read.") from error
    return form
