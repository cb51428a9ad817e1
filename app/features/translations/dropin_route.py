"""What the endpoints for other APIs' clients share: forms, problems and keys as those have them."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.callers import Door
from app.errors import GroundworkError
from app.features.routes import KeyInside
from app.features.translations.translator import FEATURE
from app.gateway.call import current_call
from app.web.problems import judge

FORM: Final = "application/x-www-form-urlencoded"
_FLAGS: Final = {"0": False, "false": False, "1": True, "true": True}


class _WithKey(TypedDict, total=False):
    api_key: str


_WITH_KEY: Final = TypeAdapter(_WithKey)


class DropInRoute(APIRoute):
    """Takes forms, too; a problem has its detail where the clients of the two APIs look for it."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                request = await _without_form(request)
                await self.admit(request)
                return await handle(request)
            except RequestValidationError as error:
                problem = judge(request.headers.get("content-type"), error)
            except GroundworkError as error:
                problem = error
            problem.members |= {"message": problem.detail, "error": problem.detail}
            raise problem

        return answer

    async def admit(self, request: Request) -> None:
        """Ask for a key where the door could not."""
        del request


async def _without_form(request: Request) -> Request:
    """A request that FastAPI understands: a form as JSON, or with GET as the query."""
    if not request.headers.get("content-type", "").lower().startswith((FORM, "multipart/")):
        return request
    if request.method == "GET":
        return Request({**request.scope, "query_string": await request.body()})
    async with request.form() as form:
        fields = {
            name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form
        }
    body = to_json({name: _read(name, values) for name, values in fields.items() if values})
    headers = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
    headers.append((b"content-type", b"application/json"))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    return Request({**request.scope, "headers": headers}, receive)


def _read(name: str, values: list[str]) -> object:
    """A field of a form, in which lists and flags are texts, too."""
    if name == "ignore_tags":
        return ",".join(values).replace(",", " ").split()
    if name in ("text", "custom_instructions"):
        return values
    return _FLAGS.get(values[-1], values[-1]) if name == "preserve_formatting" else values[-1]


class LibreRoute(DropInRoute, KeyInside):
    """Takes a key where LibreTranslate does, too: as ``api_key`` in the query, JSON or form."""

    async def admit(self, request: Request) -> None:
        """Ask for the key if there is none in ``Authorization``."""
        call = current_call()
        if not call.caller.may(FEATURE.name):
            door: Door = request.state.door
            call.enter(door.identify(await _api_key(request), request.url.path))


async def _api_key(request: Request) -> str:
    """The key in the query, or else in the body; empty where there is none."""
    if (key := request.query_params.get("api_key")) or request.method == "GET":
        return key or ""
    try:
        body: _WithKey = _WITH_KEY.validate_json(await request.body())
    except ValidationError:
        return ""
    return body.get("api_key", "")
