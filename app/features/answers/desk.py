"""What answers a question: the model, the documents, and the records of what was answered."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.deps import GatewayDep, LibraryDep, RecordsDep
from app.gateway import ModelGateway
from app.knowledge.library import Library
from app.records import Records


@dataclass(frozen=True, slots=True)
class Desk:
    """A support desk, so to say."""

    gateway: ModelGateway
    library: Library
    records: Records


async def _desk(gateway: GatewayDep, library: LibraryDep, records: RecordsDep) -> Desk:
    return Desk(gateway, library, records)


DeskDep = Annotated[Desk, Depends(_desk)]
