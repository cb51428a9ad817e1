"""Several calls at once, and none left behind when one fails."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from app.errors import GroundworkError

T = TypeVar("T")
S = TypeVar("S")

_LONG = 5_000  # characters
MOST_AT_ONCE = 8  # of one request's calls, so that it does not fill the queue for others


async def aside(function: Callable[[], T], *, characters: int) -> T:
    """What a function returns; a long text is worked on in a thread, while others are served.

    Args:
        function: works on a text by rules, at about a microsecond a character or more.
        characters: how long the text is.
    """
    return await asyncio.to_thread(function) if characters > _LONG else function()


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, S]) -> tuple[T, S]:
    """Results of two calls that run at once; a failure of one cancels the other."""
    tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _end(tasks)


async def outcomes(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T | GroundworkError]:
    """Results of all calls, in order, or what each failed with; some run at once."""
    return await together([_outcome(call) for call in calls])


async def _outcome(call: Coroutine[Any, Any, T]) -> T | GroundworkError:
    try:
        return await call
    except GroundworkError as error:
        return error


async def together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Results of all calls, in order, of which some run at once.

    The first failure cancels the others and is raised.
    """
    if len(calls) == 1:  # needs no task
        return [await calls[0]]
    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(call: Coroutine[Any, Any, T]) -> T:
        try:
            await places.acquire()
        except BaseException:
            call.close()
            raise
        try:
            return await call
        finally:
            places.release()

    tasks = [asyncio.ensure_future(run(call)) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _end(tasks)


async def merged(sources: Sequence[AsyncGenerator[T]]) -> AsyncGenerator[tuple[int, T]]:
    """Items of all sources as they come, each with its source's index; some run at once.

    The first failure ends the others and is raised; so does closing the generator.
    """
    items: asyncio.Queue[tuple[int, T] | Exception | None] = asyncio.Queue(maxsize=64)

    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def pump(index: int, source: AsyncGenerator[T]) -> None:
        try:
            async with places, aclosing(source):
                async for item in source:
                    await items.put((index, item))
        except Exception as error:  # noqa: BLE001 # raised again below, in the caller's task
            await items.put(error)
        else:
            await items.put(None)

    tasks = [asyncio.ensure_future(pump(*numbered)) for numbered in enumerate(sources)]
    try:
        running = len(tasks)
        while running:
            item = await items.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                running -= 1
            else:
                yield item
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
