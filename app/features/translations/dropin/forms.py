"""What other APIs' clients send and read: bodies as forms, and errors in a member of their own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import to_json

from app.errors import GroundworkError
from app.web.problems import judge

Handler = Callable[[Request], Awaitable[Response]]
FormFields = Mapping[str, Callable[[list[str]], object]]

_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def form_too(model: str) -> dict[str, Any]:
    """The ``openapi_extra`` of an operation that takes ``model`` as a form, too."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"content": {_FORMS[0]: {"schema": schema}}}}


def route_with(member: str, form: FormFields | None = None) -> type[APIRoute]:
    """A kind of route that takes forms, too; FastAPI sees them as JSON, or with GET as a query.

    Args:
        member: member of a problem in which its detail is repeated.
        form: how to read fields of a form that are no texts, or lists even where they stand in it
            once.
    """

    class DropInRoute(APIRoute):
        def get_route_handler(self) -> Handler:  # pyright: ignore[reportIncompatibleMethodOverride]
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await handle(await _without_form(request, form or {}))
                except RequestValidationError as error:
                    problem = judge(request.headers.get("content-type"), error)
                except GroundworkError as error:
                    problem = error
                problem.members[member] = problem.detail
                raise problem

            return answer

    return DropInRoute


async def _without_form(request: Request, readers: FormFields) -> Request:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMS:
        return request
    form = await request.form()
    fields = {
        name: readers.get(name, _text)(values)
        for name in form
        if (values := [value for value in form.getlist(name) if isinstance(value, str)])
    }
    scope = dict(request.scope)
    if request.method == "GET":
        query = urlencode(fields, doseq=True).encode()
        scope["query_string"] = b"&".join(filter(None, (scope["query_string"], query)))
        return Request(scope)
    body = to_json(fields)
    headers = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
    scope["headers"] = [*headers, (b"content-type", b"application/json")]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _text(values: list[str]) -> str | list[str]:
    return values if len(values) > 1 else values[0]
