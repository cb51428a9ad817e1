"""Has a batch done by the model server's own batches, as far as that can: at half the price.

Every row is asked twice: first to take down the prompts that it makes, and when their answers are
there, to make its reply of them. In between the process may have been another.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Final

from app.batches.asking import Asker
from app.batches.values import Answer, Section
from app.callers import Caller
from app.errors import BatchesUnsupported, BatchUnconfirmed, UpstreamRejected
from app.gateway import ModelGateway, Prompt
from app.gateway.batching import (
    ANSWER,
    Answered,
    BatchStatus,
    Compiled,
    Compiling,
    ProviderBatches,
)

if TYPE_CHECKING:
    from app.batches.book import Book

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 30.0
"""Until the model server is asked again whether it is done."""

_PAGE: Final = 500


class Errands:
    """Sends batches to the model server, and brings back what it said."""

    def __init__(
        self,
        book: "Book",
        asker: Asker,
        gateway: ModelGateway,
        batches: ProviderBatches,
        clock: Callable[[], float],
    ) -> None:
        self._book, self._asker = book, asker
        self._gateway, self._batches = gateway, batches
        self._clock = clock

    async def run(self, section: Section, caller: Caller, goes_on: Callable[[], bool]) -> None:
        """Do what there is to do for a batch until its rows can be asked; ``goes_on`` while it is to.

        What the server does not take, or may have taken without a word, is done without it.

        Raises:
            GroundworkError: it cannot be done now.
        """
        try:
            is_done = await self._done(section, caller, goes_on)
        except (BatchesUnsupported, BatchUnconfirmed, UpstreamRejected) as error:
            log.error("%s: %s", error.code, error.detail)  # noqa: TRY400
            is_done = True
        if is_done:
            await asyncio.to_thread(self._book.parts.done, section.batch)

    async def _done(self, section: Section, caller: Caller, goes_on: Callable[[], bool]) -> bool:
        """Send it, if it is not sent, and wait for what comes of it; False if it is to go on no more."""
        batch, parts = section.batch, self._book.parts
        names = await asyncio.to_thread(parts.names, batch)
        if not names:
            async for name in self._batches.submit(self._prompts(section, caller)):
                await asyncio.to_thread(parts.add, batch, name)
            names = await asyncio.to_thread(parts.names, batch)
        for name, is_read in names.items():
            if is_read:
                continue
            while (state := await self._batches.state(name)).status is not BatchStatus.ENDED:
                await asyncio.sleep(POLL_SECONDS)
                if not goes_on():
                    return False
            # What it would take at another time is asked now, without it.
            if not (state.problem and state.problem.retryable):
                await self._bring(batch, name)
            await asyncio.to_thread(parts.was_read, batch, name)
        return True

    async def cancel(self, batch: str) -> None:
        """Have the model server end what it has of a batch."""
        for name in await asyncio.to_thread(self._book.parts.names, batch):
            await self._batches.cancel(name)

    def gateway(self, batch: str) -> Answered:
        """The gateway of a batch's rows, which answers what the model server answered."""

        async def find(key: str) -> Any:
            kept = await asyncio.to_thread(self._book.parts.answer, batch, key)
            return None if kept is None else ANSWER.validate_json(kept)

        return Answered(self._gateway, self._batches, find)

    async def _prompts(self, section: Section, caller: Caller) -> AsyncGenerator[Prompt]:
        """What the rows would ask; those that need not ask anything are answered at once."""
        batch, parts, after = section.batch, self._book.parts, -1
        while asks := await asyncio.to_thread(parts.asks, batch, after, _PAGE):
            after = asks[-1].place
            for ask in asks:
                compiling = Compiling(self._gateway, section.feature)
                try:
                    reply = await self._asker.ask(section.feature, ask.params, caller, compiling)
                except Compiled:
                    said = {k: ANSWER.dump_json(each) for k, each in compiling.answers.items()}
                    await asyncio.to_thread(parts.keep, batch, said)
                    for prompt in compiling.prompts.values():
                        yield prompt
                else:
                    if reply.is_final:
                        answer = Answer(ask.number, reply.status, reply.body, reply.tokens)
                        finish = self._book.shifts.finish
                        await asyncio.to_thread(finish, [(batch, answer)], self._clock())

    async def _bring(self, batch: str, name: str) -> None:
        """Keep what the model server said to a batch of its own."""
        parts, said = self._book.parts, dict[str, bytes]()
        async for key, outcome in self._batches.results(name):
            said[key] = ANSWER.dump_json(outcome)
            if len(said) >= _PAGE:
                await asyncio.to_thread(parts.keep, batch, said)
                said = {}
        await asyncio.to_thread(parts.keep, batch, said)
