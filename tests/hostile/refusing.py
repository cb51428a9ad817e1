"""Behaviours that give no answer at all; see ``behaviours``."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import ClassVar, Literal

from tests.hostile.connection import answer
from tests.hostile.scene import Behaviour, Ending, Scene
from tests.hostile.voices import NOTE, failure_body

_PAGE = f"<!doctype html><title>502</title><p>{NOTE}".encode()


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """A hint to come again after ``seconds``, in one of the ways in which upstreams say it."""

    seconds: float
    form: Literal["seconds", "date", "milliseconds"] = "seconds"

    def header(self) -> tuple[str, str]:
        """The header, as of now; a date has whole seconds and is rounded up."""
        match self.form:
            case "seconds":
                return "retry-after", f"{self.seconds:g}"
            case "milliseconds":
                return "retry-after-ms", f"{self.seconds * 1000:g}"
            case "date":
                moment = datetime.now(UTC) + timedelta(seconds=self.seconds + 1)
                return "retry-after", format_datetime(moment.replace(microsecond=0), usegmt=True)


@dataclass(frozen=True, slots=True)
class Status(Behaviour):
    """An error. The call is turned away at the door: it waits for no slot."""

    takes_slot: ClassVar[bool] = False

    status: int = 500
    retry_after: RetryAfter | None = None
    headers: tuple[tuple[str, str], ...] = ()
    note: str = NOTE

    async def play(self, scene: Scene) -> Ending:
        body = failure_body(scene.call.dialect, self.status, self.note)
        hint = (self.retry_after.header(),) if self.retry_after else ()
        await scene.wire.send(answer(body, status=self.status, headers=(*hint, *self.headers)))
        return Ending.FINISHED


@dataclass(frozen=True, slots=True)
class Garbage(Behaviour):
    """200 and the right content type; what it holds is no JSON."""

    async def play(self, scene: Scene) -> Ending:
        garbage = b'{"choices": [{"%b' % json.dumps(NOTE).encode()
        if scene.call.stream:
            return await scene.frames([b"data: " + garbage + b"\n\n"], Ending.KEPT)
        return await scene.body(garbage)


@dataclass(frozen=True, slots=True)
class WrongType(Behaviour):
    """200 and a web page, as proxies and captive portals answer."""

    async def play(self, scene: Scene) -> Ending:
        return await scene.body(_PAGE, "text/html")


@dataclass(frozen=True, slots=True)
class Hang(Behaviour):
    """No answer until the client goes away."""

    async def play(self, scene: Scene) -> Ending:
        await asyncio.Event().wait()
        return Ending.BROKEN


@dataclass(frozen=True, slots=True)
class ResetBeforeAnswer(Behaviour):
    """A reset where the answer should begin. The call waits for no slot."""

    takes_slot: ClassVar[bool] = False

    async def play(self, scene: Scene) -> Ending:
        return await scene.reset()
