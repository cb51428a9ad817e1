"""What endpoints ask for, out of the state that the application's lifespan made."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request

from app.gateway import ModelGateway
from app.readiness import Readiness


class State(TypedDict):
    """The lifespan's state."""

    gateway: ModelGateway
    readiness: Readiness


# Coroutines, since FastAPI runs plain functions in a thread, for every request.


async def _gateway(request: Request) -> ModelGateway:
    return cast("ModelGateway", request.state.gateway)


async def _readiness(request: Request) -> Readiness:
    return cast("Readiness", request.state.readiness)


GatewayDep = Annotated[ModelGateway, Depends(_gateway)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
