"""Single flight: identical requests that come at the same time share what the upstream says.

The name and the idea are of Go's ``golang.org/x/sync/singleflight``. Ours differs in that a
flight ends when the last of those who listen has left, and in that it is heard as it comes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import nullcontext
from typing import Any

from app.errors import GroundworkError
from app.gateway.call import Deadline
from app.gateway.metering import Bill
from app.gateway.prompt import Chunk


class Flight:
    """An answer that is under way in a task of its own, and how many listen to it."""

    def __init__(
        self, deadline: Deadline, fly: "Callable[[Flight], Coroutine[Any, Any, None]]"
    ) -> None:
        self.deadline = Deadline(deadline.call, deadline.at)  # the latest of those who listen
        self.begun = False  # there is something to be heard; it cannot be begun anew
        self.abandoned = False  # everybody has left, or it was aborted; it can be joined no more
        self.bill: Bill | None = None  # of its caller's, whose tokens are counted
        self._listening = 0
        self._chunks: list[Chunk] = []
        self._news = asyncio.Event()
        self._abort: GroundworkError | None = None
        self.task = asyncio.get_running_loop().create_task(fly(self))

    def push(self, chunk: Chunk) -> None:
        """Keep a chunk for all who listen."""
        self.begun = True
        self._chunks.append(chunk)
        self._news.set()

    def landed(self) -> None:
        """Tell those who listen that it is over."""
        self._news.set()
        if not self.task.cancelled():
            self.task.exception()  # is delivered, or nobody is left to want it

    async def listen(self, first: Deadline, total: Deadline) -> AsyncGenerator[Chunk]:
        """The chunks, from the first on, as they come.

        Raises:
            DeadlineExceeded: the first is not there by ``first``, or the last by ``total``.
            GroundworkError: how it failed, or was aborted.
        """
        self._listening += 1
        shared = total.call is not self.deadline.call
        waiting = total.call.spending("upstream") if shared else nullcontext()
        late = False
        position = 0

        def ring() -> None:
            nonlocal late
            late = True
            self._news.set()

        loop = asyncio.get_running_loop()
        alarm = loop.call_later(first.remaining(), ring)  # a timeout for each wait costs more
        try:
            while True:
                while position < len(self._chunks):
                    position += 1
                    if position == 1 and first is not total:
                        alarm.cancel()
                        alarm = loop.call_later(total.remaining(), ring)
                    yield self._chunks[position - 1]
                if self.task.done():
                    if self._abort:
                        raise self._abort
                    self.task.result()
                    return
                if late:
                    raise total.exceeded()
                self._news.clear()
                with waiting:
                    await self._news.wait()
        finally:
            alarm.cancel()
            self._listening -= 1
            if not self._listening:
                self.abandoned = True
                self.task.cancel()

    async def abort(self, error: GroundworkError) -> None:
        """End it; those who listen get ``error``."""
        self.abandoned = True
        self._abort = error
        self.task.cancel()
        await asyncio.wait([self.task])


class Flights:
    """The flights under way, by what makes them identical."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}

    def join(
        self, key: Hashable, deadline: Deadline, fly: Callable[[Flight], Coroutine[Any, Any, None]]
    ) -> tuple[Flight, bool]:
        """The flight for ``key``, and whether it was under way already, or ``fly`` begins it.

        Its deadline is put off for whoever joins with more time.
        """
        flight = self._by_key.get(key)
        if flight and not flight.abandoned:
            flight.deadline.at = max(flight.deadline.at, deadline.at)
            return flight, True
        flight = self._by_key[key] = Flight(deadline, fly)

        def land(_task: object) -> None:
            flight.landed()
            if self._by_key.get(key) is flight:
                del self._by_key[key]

        flight.task.add_done_callback(land)
        return flight, False

    async def abort(self, error: GroundworkError) -> None:
        """End all flights; those who listen to one get ``error``."""
        await asyncio.gather(*(flight.abort(error) for flight in tuple(self._by_key.values())))
