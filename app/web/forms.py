"""Forms out of requests, and the key that some clients send inside one, or in JSON."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope
from typing_extensions import TypedDict

from app.errors import MalformedForm

_FORMS = ("application/x-www-form-urlencoded", "multipart/")


class _Keyed(TypedDict, total=False):
    api_key: str


_KEYED = TypeAdapter(_Keyed)


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
        for name, value in form.multi_items():
            (name + value if isinstance(value, str) else name).encode()
    except ValueError as error:
        await form.close()
        raise MalformedForm("The form cannot be read.") from error
    try:
        yield form
    finally:
        await form.close()


async def key_inside(scope: Scope, body: Message) -> str:
    """``api_key`` in the query, JSON or form of a request; empty where there is none."""

    async def receive() -> Message:
        return body

    request = Request(scope, receive)
    if key := request.query_params.get("api_key"):
        return key
    try:
        if not request.headers.get("content-type", "").lower().startswith(_FORMS):
            return _KEYED.validate_json(body.get("body", b"")).get("api_key", "")
        async with read_form(request) as form:
            key = form.get("api_key")
    except (ClientDisconnect, MalformedForm, ValidationError):
        return ""
    return key if isinstance(key, str) else ""
