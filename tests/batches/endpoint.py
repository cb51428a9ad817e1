"""An endpoint that a worker asks, on virtual time: what it says, a function of the test's decides."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from starlette.types import Receive, Scope, Send

from app.batches.asking import Asker
from app.batches.book import Book
from app.batches.worker import Worker
from app.callers import Limiter
from app.errors import GroundworkError
from app.settings import Settings
from app.web.deps import State
from tests.batches.orders import NOON, found
from tests.virtual import now

Says = Callable[[str], GroundworkError | None]
ANSWER = b'{"usage":{"input_tokens":10,"output_tokens":5,"cached_input_tokens":1}}'


class Endpoint:
    """Takes its time, then answers, or raises what ``says`` gives for a row.

    Attributes:
        asked: how often each row was.
        most: rows that were under way at once.
    """

    def __init__(self, says: Says = lambda _row: None, seconds: float = 0.1) -> None:
        self.asked = Counter[str]()
        self.most = 0
        self._says, self._seconds = says, seconds
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"] == "/translations"
        row = (await receive())["body"].decode()
        self.asked[row] += 1
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(self._seconds)
            if error := self._says(row):
                raise error
        finally:
            self._under_way -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": ANSWER})


def time() -> float:
    """Of the book: noon, when the loop began."""
    return NOON + now() - 1000


@asynccontextmanager
async def working(
    book: Book,
    endpoint: Endpoint,
    owner: str = "a",
    places: int = 4,
    is_well: Callable[[], bool] = lambda: True,
) -> AsyncGenerator[Worker]:
    """A worker, which is stopped at the end."""
    worker = Worker(
        book,
        Asker(endpoint, cast("State", {}), Limiter(Settings())),
        places=places,
        owner=owner,
        is_upstream_well=is_well,
        clock=time,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_ended(book: Book, seconds: float = 60) -> float:
    """When the batch ended, by the loop's time since its begin."""
    begin = now()
    while found(book).ended is None:
        assert now() - begin < seconds, found(book)
        await asyncio.sleep(0.05)
    return now() - 1000


async def inline(question: Callable[..., Any], *values: Any) -> Any:
    """In the place of ``asyncio.to_thread``: threads know no virtual time."""
    await asyncio.sleep(0)
    return question(*values)
