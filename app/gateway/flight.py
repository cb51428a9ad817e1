"""Single flight: identical requests that come at the same time share one call.

The name and the idea are of Go's ``golang.org/x/sync/singleflight``. Ours differs in that a
call ends when the last of those who wait for it has left, and in that streams can be shared.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from app.errors import GroundworkError
from app.gateway.deadline import Deadline
from app.gateway.prompt import Chunk

T = TypeVar("T")


class _Alarm:
    """Sets an event at a deadline; for a stream of many waits, a timeout for each costs more."""

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


class Flight(Generic[T]):
    """A call under way in a task of its own, and how many wait for it.

    Attributes:
        deadline: the latest of those who wait.
        task: the call.
        abandoned: everybody has left, or it was aborted; it can be joined no more.
    """

    def __init__(self, at: float, start: "Callable[[Flight[T]], Coroutine[Any, Any, T]]") -> None:
        self.deadline = Deadline(at)
        self.abandoned = False
        self._waiting = 0
        self._chunks: list[Chunk] = []
        self._news = asyncio.Event()
        self._abort: GroundworkError | None = None
        self.task = asyncio.get_running_loop().create_task(start(self))
        self.task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[T]) -> None:
        self._news.set()
        if not task.cancelled():
            task.exception()  # was delivered, or nobody is left to want it

    async def pump(self, source: AsyncGenerator[Chunk]) -> None:
        """Keep what ``source`` gives for all who listen."""
        async with aclosing(source):
            async for chunk in source:
                self._chunks.append(chunk)
                self._news.set()

    async def result(self, deadline: Deadline) -> T:
        """Wait for the result.

        Raises:
            TimeoutError: it is not there by ``deadline``.
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline.remaining()):
                return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            if self._abort:
                raise self._abort from None
            raise
        finally:
            self._leave()

    async def listen(self, first: Deadline, total: Deadline) -> AsyncGenerator[Chunk]:
        """The chunks, from the first on, as they come.

        Raises:
            TimeoutError: the first is not there by ``first``, or the last by ``total``.
        """
        self._waiting += 1
        alarm = _Alarm(first, self._news)
        position = 0
        try:
            while True:
                while position < len(self._chunks):
                    yield self._chunks[position]
                    position += 1
                    if position == 1:
                        alarm.cancel()
                        alarm = _Alarm(total, self._news)
                if self.task.done():
                    self._raise_failure()
                    return
                if alarm.rang:
                    raise TimeoutError
                self._news.clear()
                await self._news.wait()
        finally:
            alarm.cancel()
            self._leave()

    def _raise_failure(self) -> None:
        if self.task.cancelled() and self._abort:
            raise self._abort
        self.task.result()

    def _leave(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self.abandoned = True
            self.task.cancel()

    async def abort(self, error: GroundworkError) -> None:
        """End the call; those who wait for it get ``error``."""
        self.abandoned = True
        self._abort = error
        self.task.cancel()
        await asyncio.wait([self.task])


class Flights:
    """All calls under way, by what makes them identical."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight[Any]] = {}
        self._all: set[Flight[Any]] = set()

    def join(
        self, key: Hashable, at: float, start: Callable[[Flight[T]], Coroutine[Any, Any, T]]
    ) -> tuple[Flight[T], bool]:
        """The flight for ``key``, and whether it was under way already.

        Args:
            key: what makes calls identical.
            at: the deadline of whoever joins.
            start: makes the call, if there is none to join.
        """
        flight = self._by_key.get(key)
        if flight and not flight.abandoned:
            flight.deadline.put_off(at)
            return flight, True
        flight = self._by_key[key] = Flight(at, start)
        self._all.add(flight)
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight, False

    def _land(self, key: Hashable, flight: Flight[Any]) -> None:
        self._all.discard(flight)
        if self._by_key.get(key) is flight:
            del self._by_key[key]

    async def abort(self, error: GroundworkError) -> None:
        """End all calls; those who wait for one get ``error``."""
        await asyncio.gather(*(flight.abort(error) for flight in tuple(self._all)))
