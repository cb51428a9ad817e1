"""Behaviours that begin an answer and give no end to it; see ``behaviours``."""

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar, Literal

from tests.hostile.connection import EVENTS, JSON, chunk, head
from tests.hostile.scene import READ_SECONDS, STREAM, Behaviour, Ending, Scene


@dataclass(frozen=True, slots=True)
class ResetMidBody(Behaviour):
    """Half of a good JSON answer, then a reset."""

    fits_stream: ClassVar[bool] = False

    async def play(self, scene: Scene) -> Ending:
        await TruncatedBody().play(scene)
        await asyncio.sleep(READ_SECONDS)
        return await scene.reset()


@dataclass(frozen=True, slots=True)
class TruncatedBody(Behaviour):
    """Half of the good JSON answer that the content length promises, then the end."""

    fits_stream: ClassVar[bool] = False

    async def play(self, scene: Scene) -> Ending:
        body = scene.voice.whole(scene.reply(scene.call))
        await scene.wire.send(head(JSON, length=len(body)) + body[: len(body) // 2])
        return Ending.BROKEN


@dataclass(frozen=True, slots=True)
class StreamReset(Behaviour):
    """A good stream up to its first ``deltas``, then a reset."""

    fits_whole: ClassVar[bool] = False

    deltas: int = 2

    async def play(self, scene: Scene) -> Ending:
        await scene.wire.send(STREAM + b"".join(map(chunk, scene.beginning(self.deltas))))
        await asyncio.sleep(READ_SECONDS)
        return await scene.reset()


@dataclass(frozen=True, slots=True)
class TruncatedStream(Behaviour):
    """A good stream up to its first ``deltas``, then the end without a terminator.

    Attributes:
        how: ``close`` ends a body that lasts until the connection's close, so that HTTP sees
            nothing wrong; nor does it with ``last chunk``; ``cut`` closes before the last chunk.
    """

    fits_whole: ClassVar[bool] = False

    deltas: int = 2
    how: Literal["close", "last chunk", "cut"] = "close"

    async def play(self, scene: Scene) -> Ending:
        frames = scene.beginning(self.deltas)
        if self.how == "close":
            await scene.wire.send(head(EVENTS, framed=False) + b"".join(frames))
            return Ending.BROKEN
        if self.how == "last chunk":
            return await scene.frames(frames, Ending.KEPT)
        await scene.wire.send(STREAM + b"".join(map(chunk, frames)))
        await asyncio.sleep(READ_SECONDS)
        return Ending.BROKEN


@dataclass(frozen=True, slots=True)
class StreamError(Behaviour):
    """A good stream up to its first ``deltas``, then an event that reports an error."""

    fits_whole: ClassVar[bool] = False

    deltas: int = 2

    async def play(self, scene: Scene) -> Ending:
        frames = chain(scene.beginning(self.deltas), [scene.voice.failure])
        return await scene.frames(frames, Ending.KEPT)


@dataclass(frozen=True, slots=True)
class Endless(Behaviour):
    """A delta every ``gap`` seconds, for ever; before a JSON answer blanks, which it may have.

    ``bound`` is for ever, in seconds, lest a test that fails hangs.
    """

    gap: float = 0.01
    bound: float = 60.0

    async def play(self, scene: Scene) -> Ending:
        if not scene.call.stream:
            return await _repeat(scene, head(JSON), b" ", self)
        delta = next(iter(scene.voice.deltas("on and on ")))
        return await _repeat(scene, STREAM + b"".join(map(chunk, scene.voice.lead)), delta, self)


@dataclass(frozen=True, slots=True)
class Silence(Behaviour):
    """A stream that is kept alive by pings and never says anything."""

    fits_whole: ClassVar[bool] = False

    gap: float = 0.01
    bound: float = 60.0

    async def play(self, scene: Scene) -> Ending:
        return await _repeat(scene, STREAM, scene.voice.ping, self)


async def _repeat(
    scene: Scene, beginning: bytes, piece: bytes, behaviour: Endless | Silence
) -> Ending:
    await scene.wire.send(beginning)
    again = chunk(piece)
    end = asyncio.get_running_loop().time() + behaviour.bound
    while asyncio.get_running_loop().time() < end:
        await scene.wire.send(again)
        await asyncio.sleep(behaviour.gap)
    return Ending.BROKEN
