"""Several calls at once, and none left behind when one fails."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from app.gateway import Compiled

T = TypeVar("T")

_LONG = 5_000  # characters


async def aside(function: Callable[[], T], *, characters: int) -> T:
    """What a function returns; a long text is worked on in a thread, while others are served.

    Args:
        function: works on a text by rules, at about a microsecond a character or more.
        characters: how long the text is.
    """
    return await asyncio.to_thread(function) if characters > _LONG else function()


async def together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Results of all calls, in order; the first failure cancels the others and is raised.

    Where prompts are taken down for a batch, those of all calls are.
    """
    if len(calls) == 1:  # needs no task
        return [await calls[0]]
    tasks = [asyncio.ensure_future(_taken_down(call)) for call in calls]
    try:
        made = await asyncio.gather(*tasks)
    finally:
        await _end(tasks)
    results = [one for one in made if not isinstance(one, Compiled)]
    if len(results) < len(made):
        raise Compiled
    return results


async def _taken_down(call: Coroutine[Any, Any, T]) -> T | Compiled:
    try:
        return await call
    except Compiled as compiled:
        return compiled


async def merged(sources: Sequence[AsyncGenerator[T]]) -> AsyncGenerator[tuple[int, T]]:
    """Items of all sources as they come, each with its source's index.

    What a source fails with is raised when all have ended. Closing the generator ends them.
    """
    items: asyncio.Queue[tuple[int, T] | None] = asyncio.Queue()

    async def pump(index: int, source: AsyncGenerator[T]) -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    items.put_nowait((index, item))
        finally:
            items.put_nowait(None)

    tasks = [asyncio.ensure_future(pump(*numbered)) for numbered in enumerate(sources)]
    try:
        for _ in tasks:
            while item := await items.get():
                yield item
        await asyncio.gather(*tasks)
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
