"""What answers a question: the model, the documents, and what was answered before."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.gateway import ModelGateway
from app.knowledge.library import Library
from app.records import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """A support desk, so to say."""

    gateway: ModelGateway
    library: Library
    store: Store | None


async def _desk(request: Request) -> Desk:
    state = request.state
    return Desk(state.gateway, state.library, state.store)


DeskDep = Annotated[Desk, Depends(_desk)]
