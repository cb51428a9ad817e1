"""What endpoints ask for, out of the state that the application's lifespan made."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request

from app.gateway import ModelGateway
from app.knowledge.library import Library
from app.knowledge.vocabulary import Vocabulary
from app.records import Store
from app.settings import Settings
from app.web.readiness import Readiness


class State(TypedDict):
    """The lifespan's state."""

    gateway: ModelGateway
    readiness: Readiness
    vocabulary: Vocabulary
    library: Library
    store: Store | None
    settings: Settings


# Coroutines, since FastAPI runs plain functions in a thread, for every request.


async def _gateway(request: Request) -> ModelGateway:
    return cast("ModelGateway", request.state.gateway)


async def _readiness(request: Request) -> Readiness:
    return cast("Readiness", request.state.readiness)


async def _vocabulary(request: Request) -> Vocabulary:
    return cast("Vocabulary", request.state.vocabulary)


async def _library(request: Request) -> Library:
    return cast("Library", request.state.library)


async def _store(request: Request) -> Store | None:
    return cast("Store | None", request.state.store)


GatewayDep = Annotated[ModelGateway, Depends(_gateway)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
VocabularyDep = Annotated[Vocabulary, Depends(_vocabulary)]
LibraryDep = Annotated[Library, Depends(_library)]
StoreDep = Annotated[Store | None, Depends(_store)]
