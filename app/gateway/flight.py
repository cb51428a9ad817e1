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
from app.gateway.prompt import Chunk


class _Alarm:
    """Sets an event at a deadline; for a stream of many waits, a timeout for each costs more."""

    __slots__ = ("_event", "_timer", "rang")

    def __init__(self, deadline: Deadline, event: asyncio.Event) -> None:
        self.rang = False
        self._event = event
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, deadline.remaining()), self._ring)

    def _ring(self) -> None:
        self.rang = True
        self._event.set()

    def cancel(self) -> None:
        self._timer.cancel()


class Flight:
    """An answer that is under way in a task of its own, and how many listen to it.

    Attributes:
        deadline: the latest of those who listen.
        begun: there is something to be heard; it cannot be begun anew.
        abandoned: everybody has left, or it was aborted; it can be joined no more.
    """

    def __init__(
        self,
        deadline: Deadline,
        fly: "Callable[[Flight], Coroutine[Any, Any, None]]",
        land: "Callable[[Flight], None]",
    ) -> None:
        self.deadline = deadline
        self.begun = self.abandoned = False
        self._listening = 0
        self._chunks: list[Chunk] = []
        self._news = asyncio.Event()
        self._abort: GroundworkError | None = None
        self._land = land
        self._task = asyncio.get_running_loop().create_task(fly(self))
        self._task.add_done_callback(self._over)

    def push(self, chunk: Chunk) -> None:
        """Keep a chunk for all who listen."""
        self.begun = True
        self._chunks.append(chunk)
        self._news.set()

    def _over(self, task: asyncio.Task[None]) -> None:
        self._news.set()
        self._land(self)
        if not task.cancelled():
            task.exception()  # was delivered, or nobody is left to want it

    async def listen(self, first: Deadline, total: Deadline) -> AsyncGenerator[Chunk]:
        """The chunks, from the first on, as they come.

        Raises:
            DeadlineExceeded: the first is not there by ``first``, or the last by ``total``.
            GroundworkError: how it failed, or was aborted.
        """
        self._listening += 1
        shared = total.call is not self.deadline.call
        waiting = total.call.spending("upstream") if shared else nullcontext()
        alarm = _Alarm(first, self._news)
        position = 0
        try:
            while True:
                while position < len(self._chunks):
                    position += 1
                    if position == 1 and first is not total:
                        alarm.cancel()
                        alarm = _Alarm(total, self._news)
                    yield self._chunks[position - 1]
                if self._task.done():
                    self._raise_failure()
                    return
                if alarm.rang:
                    raise total.exceeded()
                self._news.clear()
                with waiting:
                    await self._news.wait()
        finally:
            alarm.cancel()
            self._leave()

    def _raise_failure(self) -> None:
        if self._abort:
            raise self._abort
        self._task.result()

    def _leave(self) -> None:
        self._listening -= 1
        if not self._listening:
            self.abandoned = True
            self._task.cancel()

    async def abort(self, error: GroundworkError) -> None:
        """End it; those who listen get ``error``."""
        self.abandoned = True
        self._abort = error
        self._task.cancel()
        await asyncio.wait([self._task])


class Flights:
    """All flights under way, by what makes them identical."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}
        self._all: set[Flight] = set()

    def join(
        self, key: Hashable, deadline: Deadline, fly: Callable[[Flight], Coroutine[Any, Any, None]]
    ) -> tuple[Flight, bool]:
        """The flight for ``key``, and whether it was under way already.

        Args:
            key: what makes requests identical.
            deadline: of whoever joins.
            fly: gets the answer, if there is no flight to join.
        """
        flight = self._by_key.get(key)
        if flight and not flight.abandoned:
            flight.deadline.put_off(deadline.at)
            return flight, True

        def land(landed: Flight) -> None:
            self._all.discard(landed)
            if self._by_key.get(key) is landed:
                del self._by_key[key]

        flight = Flight(Deadline(deadline.call, deadline.at), fly, land)
        self._by_key[key] = flight
        self._all.add(flight)
        return flight, False

    async def abort(self, error: GroundworkError) -> None:
        """End all flights; those who listen to one get ``error``."""
        await asyncio.gather(*(flight.abort(error) for flight in tuple(self._all)))
