"""What endpoints ask for, out of the state that the application's lifespan made."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request

from app.gateway import ModelGateway
from app.readiness import Readiness
from app.vocabulary import Vocabulary


class State(TypedDict):
    """The lifespan's state."""

    gateway: ModelGateway
    readiness: Readiness
    vocabulary: Vocabulary


# Coroutines, since FastAPI runs plain functions in a thread, for every request.


async def _gateway(request: Request) -> ModelGateway:
    return cast("ModelGateway", request.state.gateway)


async def _readiness(request: Request) -> Readiness:
    return cast("Readiness", request.state.readiness)


async def _vocabulary(request: Request) -> Vocabulary:
    return cast("Vocabulary", request.state.vocabulary)


GatewayDep = Annotated[ModelGateway, Depends(_gateway)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
VocabularyDep = Annotated[Vocabulary, Depends(_vocabulary)]
