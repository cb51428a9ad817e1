"""Works on batches, whoever took them in: takes sections, asks their rows, keeps the answers."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import TypeAdapter

from app.batches.asking import Asker, Reply
from app.batches.values import Answer, Ask, Section
from app.callers import Caller
from app.errors import (
    BatchesUnavailable,
    DeadlineExceeded,
    GroundworkError,
    LimitsUnknown,
    ModelError,
    NotFound,
    Overloaded,
    QuotaExceeded,
    RecordUnwritten,
    RequestError,
    ShuttingDown,
)
from app.web.logs import set_request_id

if TYPE_CHECKING:
    from app.batches.book import Book

log = logging.getLogger(__name__)

T = TypeVar("T")

LEASE_SECONDS: Final = 10.0
"""How long a killed worker's sections wait for another."""

_POLL_SECONDS: Final = 2.0
_TIDY_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 60.0
_MOST_FAILURES: Final = 5  # of a row, while the upstream does others
_FINAL: Final = (RequestError, ModelError)  # asked again, they would be the same
_BY_CHANCE: Final = (Overloaded, ShuttingDown, LimitsUnknown, RecordUnwritten)  # nobody's fault

CALLER: Final = TypeAdapter(Caller)


@dataclass(slots=True, eq=False)
class _Held:
    """A section that is worked on; ``left`` of its asks are not over.

    Once it is ``dropped`` no more of them are asked; others may have it from ``again`` on.
    """

    section: Section
    caller: Caller
    left: int
    dropped: bool = False
    again: float | None = None


@dataclass(slots=True, eq=False)
class _Written:
    """An answer on its way into the book."""

    batch: str
    answer: Answer
    done: asyncio.Future[None]


class Worker:
    """Works until it is cancelled.

    A row counts as under way until its answer is kept: so a process that is killed leaves no more
    rows to be asked again than it had places.
    """

    def __init__(
        self,
        book: "Book",
        asker: Asker,
        *,
        places: int,
        owner: str,
        is_upstream_well: Callable[[], bool],
        clock: Callable[[], float] = time.time,
        lease: float = LEASE_SECONDS,
    ) -> None:
        """A worker.

        Args:
            book: of the batches.
            asker: asks a row.
            places: rows that may be under way at once.
            owner: a name that no other worker has.
            is_upstream_well: whether a failure is the row's own rather than the model server's.
            clock: the same for all workers, within a few seconds.
            lease: seconds that a section is this worker's without a sign of life.
        """
        self._book, self._asker = book, asker
        self._places, self._owner = places, owner
        self._is_upstream_well = is_upstream_well
        self._clock, self._lease = clock, lease
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._waiting: deque[tuple[_Held, Ask]] = deque()
        self._held: dict[tuple[str, int], _Held] = {}
        self._answers: asyncio.Queue[_Written] = asyncio.Queue()

    def wake(self) -> None:
        """There may be work."""
        self._news.set()

    def leave(self, batch: str) -> None:
        """Ask no more of a batch, which goes on no longer."""
        for held in self._held.values():
            held.dropped = held.dropped or held.section.batch == batch

    async def run(self) -> None:
        """Work; what is under way when this is cancelled is for others to begin anew, at once."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_leases())
                group.create_task(self._write())
                for _ in range(self._places):
                    group.create_task(self._work())
        finally:
            with suppress(GroundworkError):
                await asyncio.shield(asyncio.to_thread(self._book.release_all, self._owner))

    async def _work(self) -> None:
        while True:
            held, ask = await self._next()
            try:
                answer = await self._answer(held, ask)
            except Exception:  # a bug of ours fails one row's section, for a while
                log.exception("A row could not be asked.")
                held.dropped, held.again, answer = True, self._clock() + _LONGEST_WAIT, None
            if answer:
                await self._keep(held.section.batch, answer)
            held.left -= 1
            if not held.left:
                await self._close(held)

    async def _next(self) -> tuple[_Held, Ask]:
        """What is to be asked next, once there is something."""
        async with self._turn:
            while not self._waiting:
                self._news.clear()
                if not await self._claim():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), _POLL_SECONDS)
            return self._waiting.popleft()

    async def _claim(self) -> bool:
        """Take a section, if there is one."""
        now = self._clock()
        section = await self._asked(self._book.claim, self._owner, now, now + self._lease)
        if section is None:
            return False
        asks = await self._asked(self._book.asks_of, section)
        held = _Held(section, CALLER.validate_json(section.caller), len(asks))
        if asks:
            self._held[section.batch, section.number] = held
            self._waiting += ((held, ask) for ask in asks)
        else:
            await self._close(held)
        return True

    async def _answer(self, held: _Held, ask: Ask) -> Answer | None:
        """The answer to a row; None where it is left for later, or for another worker."""
        failures, wait = 0, 1.0
        section = held.section
        set_request_id(f"{section.batch}/{ask.number}")
        while not held.dropped:
            reply = await self._asker.ask(section.feature, ask.params, held.caller)
            problem = reply.problem
            if problem and issubclass(problem, QuotaExceeded | NotFound):
                later = max(reply.retry_after, _POLL_SECONDS)
                held.dropped, held.again = True, self._clock() + min(later, _LONGEST_WAIT)
                return None
            if problem is None or issubclass(problem, _FINAL):
                return Answer(ask.number, reply.status, reply.body, reply.tokens)
            failures += self._is_its_own(reply)
            if failures >= _MOST_FAILURES:
                return Answer(ask.number, reply.status, reply.body)
            await asyncio.sleep(max(reply.retry_after, wait * random.uniform(0.5, 1)))  # noqa: S311
            wait = min(2 * wait, _LONGEST_WAIT)
        return None

    def _is_its_own(self, reply: Reply) -> bool:
        """Whether a failure speaks against the row: the model server is well, and had time."""
        problem = reply.problem
        if problem is None or issubclass(problem, _BY_CHANCE) or not self._is_upstream_well():
            return False
        return not issubclass(problem, DeadlineExceeded) or reply.upstream_seconds > _POLL_SECONDS

    async def _keep(self, batch: str, answer: Answer) -> None:
        done = asyncio.get_running_loop().create_future()
        self._answers.put_nowait(_Written(batch, answer, done))
        await done

    async def _write(self) -> None:
        """Keep answers: all that came while the last ones were written, in one go."""
        while True:
            written = [await self._answers.get()]
            while not self._answers.empty():
                written.append(self._answers.get_nowait())
            answers = [(each.batch, each.answer) for each in written]
            await self._asked(self._book.finish, answers, self._clock())
            for each in written:
                if not each.done.done():
                    each.done.set_result(None)

    async def _close(self, held: _Held) -> None:
        section = held.section
        self._held.pop((section.batch, section.number), None)
        if held.again is not None:
            await self._asked(self._book.release, section, self._owner, held.again)
        else:
            await self._asked(self._book.close_section, section, self._owner, self._clock())

    async def _keep_leases(self) -> None:
        """Give signs of life; look which batches still go on; tidy up in a while."""
        tidied = 0.0
        while True:
            now = self._clock()
            if now - tidied >= _TIDY_SECONDS:
                tidied = now
                await self._asked(self._book.tidy, now)
            if self._held:
                before = dict(self._held)
                kept = await self._asked(self._book.renew, self._owner, now + self._lease)
                for key, held in before.items():
                    held.dropped = held.dropped or key not in kept
            await asyncio.sleep(self._lease / 4)

    async def _asked(self, question: Callable[..., T], *values: Any) -> T:
        """What the book says, once it can be asked."""
        wait = 1.0
        while True:
            try:
                return await asyncio.to_thread(question, *values)
            except BatchesUnavailable as error:
                log.warning("%s (%s)", error.detail, error.upstream_note)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
