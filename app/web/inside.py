"""The key of a request whose headers have none, for clients that send it inside."""

from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Scope
from typing_extensions import TypedDict

_FORMS = ("application/x-www-form-urlencoded", "multipart/")


class _Keyed(TypedDict, total=False):
    api_key: str


_KEYED = TypeAdapter(_Keyed)


async def key_inside(scope: Scope, body: Message) -> str:
    """``api_key`` in the query, JSON or form of a request; empty where there is none."""

    async def receive() -> Message:
        return body

    request = Request(scope, receive)
    if key := request.query_params.get("api_key"):
        return key
    if not request.headers.get("content-type", "").lower().startswith(_FORMS):
        try:
            return _KEYED.validate_json(body.get("body", b"")).get("api_key", "")
        except ValidationError:
            return ""
    try:
        async with request.form() as form:
            key = form.get("api_key")
    except (ClientDisconnect, HTTPException, MultiPartException):
        key = None
    return key if isinstance(key, str) else ""
