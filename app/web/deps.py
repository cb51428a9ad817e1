"""What endpoints ask for, out of the state that the application's lifespan made."""

from typing import Annotated, Any, TypedDict

from fastapi import Depends, Request

from app.callers import Caller, Door, Limiter
from app.gateway import ModelGateway
from app.gateway.call import current_call
from app.knowledge.library import Library
from app.knowledge.vocabulary import Vocabulary
from app.records import Store
from app.settings import Settings
from app.web.trial import Trial


class State(TypedDict):
    """The lifespan's state."""

    gateway: ModelGateway
    vocabulary: Vocabulary
    library: Library
    store: Store | None
    settings: Settings
    trial: Trial | None
    limiter: Limiter
    door: Door


def _state(name: str) -> Any:
    async def member(request: Request) -> Any:  # FastAPI runs a plain function in a thread
        return getattr(request.state, name)

    return Depends(member)


GatewayDep = Annotated[ModelGateway, _state("gateway")]
VocabularyDep = Annotated[Vocabulary, _state("vocabulary")]
LibraryDep = Annotated[Library, _state("library")]
TrialDep = Annotated[Trial | None, _state("trial")]
LimiterDep = Annotated[Limiter, _state("limiter")]
DoorDep = Annotated[Door, _state("door")]
StoreDep = Annotated[Store | None, _state("store")]


async def _caller() -> Caller:
    return current_call().caller


CallerDep = Annotated[Caller, Depends(_caller)]
