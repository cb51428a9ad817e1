"""Behaviours that give a whole answer, good or not; see ``behaviours``."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from tests.hostile.connection import JSON, LAST_CHUNK, chunk, head
from tests.hostile.scene import STREAM, Behaviour, Ending, Scene

MEGABYTE = 1024 * 1024
NOT_A_TICKET = '{"colour": "green"}'

_FILLER = b"a" * 65536


@dataclass(frozen=True, slots=True)
class Good(Behaviour):
    """A good answer: ``text``, or what the upstream's ``reply`` says; ``gap`` is between deltas."""

    text: str | None = None
    gap: float = 0.0

    async def play(self, scene: Scene) -> Ending:
        text = scene.reply(scene.call) if self.text is None else self.text
        if not scene.call.stream:
            return await scene.body(scene.voice.whole(text))
        if not self.gap:
            return await scene.frames(scene.voice.stream(text))
        await scene.wire.send(STREAM)
        for frame in scene.voice.stream(text):
            await scene.wire.send(chunk(frame))
            await asyncio.sleep(self.gap)
        await scene.wire.send(LAST_CHUNK)
        return Ending.FINISHED


@dataclass(frozen=True, slots=True)
class Drip(Behaviour):
    """A good answer, one byte every ``gap`` seconds."""

    gap: float = 0.05

    async def play(self, scene: Scene) -> Ending:
        text, stream = scene.reply(scene.call), scene.call.stream
        body = b"".join(scene.voice.stream(text)) if stream else scene.voice.whole(text)
        await scene.wire.send(STREAM if stream else head(JSON, length=len(body)))
        for place in range(len(body)):
            await asyncio.sleep(self.gap)
            byte = body[place : place + 1]
            await scene.wire.send(chunk(byte) if stream else byte)
        if stream:
            await scene.wire.send(LAST_CHUNK)
        return Ending.FINISHED


@dataclass(frozen=True, slots=True)
class Huge(Behaviour):
    """A valid answer whose text has ``size`` bytes; a stream may send it as a single event."""

    size: int = 50 * MEGABYTE
    one_event: bool = False

    async def play(self, scene: Scene) -> Ending:
        send, voice = scene.wire.send, scene.voice
        pieces = self.size // len(_FILLER)
        if not scene.call.stream:
            before, after = voice.message
            length = len(before) + pieces * len(_FILLER) + len(after)
            await send(head(JSON, length=length) + before)
            for _ in range(pieces):
                await send(_FILLER)
            await send(after)
            return Ending.FINISHED
        before, after = voice.delta
        piece = chunk(_FILLER) if self.one_event else chunk(before + _FILLER + after)
        await send(STREAM + b"".join(map(chunk, voice.lead)))
        await send(chunk(before) if self.one_event else b"")
        for _ in range(pieces):
            await send(piece)
        await send(chunk(after) if self.one_event else b"")
        await send(b"".join(map(chunk, voice.tail)) + LAST_CHUNK)
        return Ending.FINISHED


@dataclass(frozen=True, slots=True)
class NotATicket(Behaviour):
    """A valid completion; its text is JSON, but not what the schema wants."""

    async def play(self, scene: Scene) -> Ending:
        return await Good(NOT_A_TICKET).play(scene)


@dataclass(frozen=True, slots=True)
class EmptyChoices(Behaviour):
    """No choice at all (OpenAI), no content block (Anthropic)."""

    async def play(self, scene: Scene) -> Ending:
        if scene.call.stream:
            return await scene.frames(scene.voice.empty_stream)
        return await scene.body(scene.voice.empty_message)


@dataclass(frozen=True, slots=True)
class JsonToStream(Behaviour):
    """The good answer as JSON where a stream was asked for."""

    fits_whole: ClassVar[bool] = False

    async def play(self, scene: Scene) -> Ending:
        return await scene.body(scene.voice.whole(scene.reply(scene.call)))
