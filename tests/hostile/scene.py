"""What every behaviour has to do with: the call, the connection, and how a response ends."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, cycle, islice
from typing import ClassVar, Protocol

from tests.hostile.calls import Call
from tests.hostile.connection import EVENTS, JSON, LAST_CHUNK, answer, chunk, head
from tests.hostile.voices import VOICES, Voice

READ_SECONDS = 0.005
"""Between what is sent and a reset, so that the client has read the one before the other."""

STREAM = head(EVENTS)


class Ending(Enum):
    """How a response ended."""

    FINISHED = "a whole answer"
    KEPT = "a whole response to HTTP, but a stream without its terminator"
    BROKEN = "a connection that cannot be used again"


class Wire(Protocol):
    """A connection, as a behaviour sees it."""

    async def send(self, data: bytes) -> None: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """A call, the connection that it came by, and what a good answer says."""

    call: Call
    wire: Wire
    reply: Callable[[Call], str]

    @property
    def voice(self) -> Voice:
        return VOICES[self.call.dialect]

    async def body(self, body: bytes, content_type: str = JSON) -> Ending:
        """Send a whole response."""
        await self.wire.send(answer(body, content_type=content_type))
        return Ending.FINISHED

    async def frames(self, frames: Iterable[bytes], ending: Ending = Ending.FINISHED) -> Ending:
        """Send a whole response that is a stream of ``frames``."""
        await self.wire.send(STREAM + b"".join(map(chunk, frames)) + LAST_CHUNK)
        return ending

    def beginning(self, deltas: int) -> Iterable[bytes]:
        """The frames of a good stream up to its first ``deltas``."""
        said = cycle(self.voice.deltas(self.reply(self.call)))
        return chain(self.voice.lead, islice(said, deltas))

    async def reset(self) -> Ending:
        """Reset the connection."""
        self.wire.reset()
        return Ending.BROKEN


@dataclass(frozen=True, slots=True)
class Behaviour(ABC):
    """One way to treat a call.

    Attributes:
        delay: seconds before anything is sent.
    """

    fits_whole: ClassVar[bool] = True
    fits_stream: ClassVar[bool] = True
    takes_slot: ClassVar[bool] = True

    delay: float = field(default=0.0, kw_only=True)

    @classmethod
    def fits(cls, *, stream: bool) -> bool:
        """Whether a call for a stream, or for a whole answer, can be treated so."""
        return cls.fits_stream if stream else cls.fits_whole

    @abstractmethod
    async def play(self, scene: Scene) -> Ending:
        """Act on the connection of ``scene``; tells how that ended."""
