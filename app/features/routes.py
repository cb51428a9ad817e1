"""What the features' endpoints share: those of a plain feature, and how a feature is listed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Protocol, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.features.feature import Feature
from app.features.wire import Completed, Delta
from app.gateway import Chunk, ModelGateway
from app.web.deps import GatewayDep, State
from app.web.problems import PROBLEMS
from app.web.sse import documented_events, event_stream


class FeaturePackage(Protocol):
    """What a feature's package has: the feature, and its endpoints."""

    @property
    def FEATURE(self) -> Feature[Any, Any]: ...  # noqa: N802 # as modules name it

    @property
    def ROUTERS(self) -> Sequence[APIRouter]: ...  # noqa: N802


class KeyInside:
    """A route that takes a caller's key as ``api_key`` in the query, JSON or form, too."""


class Borrowed:
    """A route of another service's API, whose clients read problems their own way."""


async def _state(request: Request) -> State:
    return cast("State", request.scope["state"])


StateDep = Annotated[State, Depends(_state)]


def router_of(feature: Feature[Any, Any], description: str) -> APIRouter:
    """``POST /{name}`` and its stream, for a feature whose output is its response."""
    router = APIRouter(prefix=f"/{feature.name}", tags=[feature.name], responses=PROBLEMS)

    async def create(request: Any, gateway: GatewayDep) -> Any:
        return await feature.run(request, gateway)

    create.__annotations__ |= {"request": feature.asks, "return": feature.replies}
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        name=f"create_{feature.name.replace('-', '_')}",
        summary=feature.title,
        description=description,
    )
    stream_route(router, feature)
    return router


def stream_route(router: APIRouter, feature: Feature[Any, Any]) -> None:
    """Add ``POST …/stream`` for a feature whose output is its response.

    ``delta`` events with the text as the model writes it, then one ``completed`` with what ``POST``
    would have answered, or one ``failed`` with a problem.
    """
    reply = feature.replies
    completed: Any = Completed[reply]

    async def events(request: Any, gateway: ModelGateway) -> AsyncGenerator[BaseModel]:
        async with aclosing(feature.stream(request, gateway)) as items:
            async for item in items:
                if isinstance(item, Chunk):
                    yield Delta(type="delta", text=item.text)
                else:
                    yield completed(type="completed", result=feature.reply(item))

    async def stream(request: Any, gateway: GatewayDep) -> StreamingResponse:
        return await event_stream(events(request, gateway))

    stream.__annotations__["request"] = feature.asks
    router.add_api_route(
        "/stream",
        stream,
        methods=["POST"],
        name=f"stream_{feature.name.replace('-', '_')}",
        summary=f"{feature.title}, streamed",
        description="The same as server-sent events: `delta`s, then one `completed` or `failed`.",
        response_class=StreamingResponse,
        responses=PROBLEMS | documented_events(reply.__name__, Delta, completed),
    )
