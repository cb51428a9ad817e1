"""What a provider's API for batches is, and how it is called."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import ClassVar, Final, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from app.errors import (
    BatchUnconfirmed,
    GroundworkError,
    UpstreamFailed,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from app.gateway.batching.part import Part
from app.gateway.batching.values import BatchState, Outcome
from app.gateway.dialects.dialect import validated
from app.gateway.retries import Retries
from app.gateway.transport import Transport, Upload, body_of, lines_of
from app.gateway.upstream import failure_of

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_RETRIES: Final = 20
PATIENCE_SECONDS: Final = 900.0  # that are waited at most where the server says how long

_CALL_SECONDS: Final = 60.0
_UPLOAD_SECONDS: Final = 900.0
_ANYTHING: Final = TypeAdapter(object)
_SILENT: Final = "The model server did not answer in time."
_NOT_TAKEN: Final = (UpstreamRateLimited, UpstreamUnavailable, UpstreamUnreachable)


class BatchApi(ABC):
    """One provider's API for batches.

    Attributes:
        path: of its batches, below the base URL.
        most: requests in one of them.
    """

    path: ClassVar[str]
    most: ClassVar[int]

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._retries = Retries(MOST_RETRIES)

    @abstractmethod
    def part(self) -> Part:
        """What requests are put into; empty."""

    @abstractmethod
    def line(self, key: str, body: bytes) -> bytes:
        """A request: the body of a live call, and what its result is found by."""

    @abstractmethod
    async def create(self, part: Part) -> str:
        """Submit requests; gives the batch's name."""

    @abstractmethod
    async def state(self, name: str) -> BatchState:
        """How far a batch is."""

    @abstractmethod
    def outcomes(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """What became of each request of a batch that has ended, in any order."""

    async def check(self) -> None:
        """Ask for the batches that there are, once; raises if that cannot be asked."""
        await self._attempt("GET", f"{self.path}?limit=1", b"")

    async def cancel(self, name: str) -> None:
        """Have a batch that is running end."""
        await self.ask("POST", f"{self.at(name)}/cancel", _ANYTHING)

    def at(self, name: str) -> str:
        """The path of a batch."""
        return f"{self.path}/{quote(name, safe='')}"

    async def ask(
        self,
        method: str,
        path: str,
        kind: TypeAdapter[T],
        content: bytes | Upload = b"",
        *,
        once: bool = False,
    ) -> T:
        """What the server says; a call that failed is made again, as far as that may help.

        What is to be done ``once`` is made again only where the server has surely not done it.

        Raises:
            BatchUnconfirmed: it may have been done.
            GroundworkError: how it failed in the end.
        """
        made = 0
        while True:
            try:
                return validated(kind, await self._attempt(method, path, content))
            except GroundworkError as error:
                if once and error.retryable and _may_be_done(error, content):
                    msg = (
                        "The model server was sent a batch, and did not say whether it took it: "
                        "look for it there before you send it again."
                    )
                    raise BatchUnconfirmed(msg, upstream_note=error.detail) from error
                wait = self._retries.wait(error, made=made, left=PATIENCE_SECONDS)
            made += 1
            await asyncio.sleep(wait)

    async def _attempt(self, method: str, path: str, content: bytes | Upload) -> bytes:
        if isinstance(content, Upload):
            sent, seconds = self._transport.upload(path, content), _UPLOAD_SECONDS
        else:
            sent, seconds = self._transport.send(method, path, content), _CALL_SECONDS
        try:
            async with asyncio.timeout(seconds), aclosing(await sent) as reply:
                body = await body_of(reply)
        except TimeoutError as error:
            raise UpstreamTimeout(_SILENT) from error
        if not reply.is_success:
            raise failure_of(reply.status_code, reply.headers, body)
        return body

    async def read(
        self, path: str, outcome_in: Callable[[bytes], tuple[str, Outcome]]
    ) -> AsyncGenerator[tuple[str, Outcome]]:
        """What the lines of a file say, as they come; one that makes no sense is left out.

        Raises:
            UpstreamError: the file cannot be had, or not to its end.
        """
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                reply = await self._transport.send("GET", path)
        except TimeoutError as error:
            raise UpstreamTimeout(_SILENT) from error
        async with aclosing(reply), aclosing(lines_of(reply)) as lines:
            if not reply.is_success:
                raise failure_of(reply.status_code, reply.headers, await body_of(reply))
            async for line in lines:
                if line.strip():
                    try:
                        found = outcome_in(line)
                    except UpstreamFailed:
                        if not line.endswith(b"\n"):  # the connection broke without a word
                            raise
                        log.warning("A line of a batch's results cannot be read.")
                        continue
                    yield found


def _may_be_done(error: GroundworkError, content: bytes | Upload) -> bool:
    """Whether the server had all of it, and may have acted on it."""
    is_sent = content.is_sent if isinstance(content, Upload) else True
    return is_sent and not isinstance(error, _NOT_TAKEN)
