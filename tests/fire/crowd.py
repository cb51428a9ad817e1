"""Many who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import TypeVar

from tests.virtual import now

T = TypeVar("T")


def marker(number: int) -> str:
    """What is in the text of a request, and comes back in the answer to it."""
    return f"[m-{number}]"


async def closed_loop(
    ask: Callable[[int], Awaitable[T]], *, requests: int, clients: int
) -> list[T]:
    """``requests`` by ``clients``, each of which waits for its answer before it asks again.

    Who has none left to make asks for more until all of these are answered: else the last of them
    would be alone, and what fails next in a script would all be theirs. Gives the answers to the
    first ``requests``, in order.
    """
    numbers = count()
    answers: dict[int, T] = {}

    async def client() -> None:
        while any(number not in answers for number in range(requests)):
            number = next(numbers)
            answers[number] = await ask(number)

    await asyncio.gather(*(client() for _ in range(clients)))
    return [answers[number] for number in range(requests)]


async def open_loop(
    ask: Callable[[int], Awaitable[T]], *, rate: float, seconds: float, first: int = 0
) -> list[T]:
    """``rate`` requests a second, whatever becomes of the others, for ``seconds``."""
    begin = now()
    made: list[asyncio.Future[T]] = []
    while len(made) < rate * seconds:
        made.append(asyncio.ensure_future(ask(first + len(made))))
        await asyncio.sleep(begin + len(made) / rate - now())
    return await asyncio.gather(*made)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed (the nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]
