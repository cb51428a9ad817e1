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
from app.batches.errands import Errands
from app.batches.values import AT_THE_PROVIDER, PROVIDER_SHARE, Answer, Ask, Mode, Section
from app.callers import Caller
from app.errors import (
    BatchesUnavailable,
    DeadlineExceeded,
    GroundworkError,
    LimitsUnknown,
    Overloaded,
    RecordUnwritten,
    ShuttingDown,
    UpstreamRateLimited,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from app.web.logs import set_request_id

if TYPE_CHECKING:
    from app.batches.book import Book

log = logging.getLogger(__name__)

T = TypeVar("T")

LEASE_SECONDS: Final = 10.0
"""How long a killed worker's sections wait for another."""

_POLL_SECONDS: Final = 2.0
_GATHER_SECONDS: Final = 0.005  # an answer waits so for others to be kept with it
_TIDY_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 60.0
_FIRST_PROBLEM: Final = 400
_MOST_FAILURES: Final = 5  # of a row, while the upstream does others
_PATIENCE_SECONDS: Final = 3600.0  # with a row that fails, though nobody can say whose fault it is
_AWAY: Final = (UpstreamUnreachable, UpstreamUnavailable, UpstreamRateLimited)
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
        errands: Errands | None = None,
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
            errands: has batches done by the model server, if that can.
            places: rows that may be under way at once.
            owner: a name that no other worker has.
            is_upstream_well: whether a failure is the row's own rather than the model server's.
            clock: the same for all workers, within a few seconds.
            lease: seconds that a section is this worker's without a sign of life.
        """
        self._book, self._asker = book, asker
        self._shifts, self._errands = book.shifts, errands
        self._group: asyncio.TaskGroup | None = None
        self._answered = 0  # rows, well
        self._places, self._owner = places, owner
        self._is_upstream_well = is_upstream_well
        self._clock, self._lease = clock, lease
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._waiting: deque[tuple[_Held, Ask]] = deque()
        self._held: dict[tuple[str, int], _Held] = {}
        self._unkept: list[_Written] = []
        self._answers = asyncio.Event()

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
                self._group = group
                group.create_task(self._keep_leases())
                group.create_task(self._write())
                for _ in range(self._places):
                    group.create_task(self._work())
        finally:
            await asyncio.shield(asyncio.to_thread(self._leave_all))

    def _leave_all(self) -> None:
        """Keep what was answered, and let others have what was not."""
        answers = [(each.batch, each.answer) for each in self._unkept]
        with suppress(GroundworkError):
            self._shifts.finish(answers, self._clock())
            self._shifts.release_all(self._owner)

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
        section = await self._asked(self._shifts.claim, self._owner, now, now + self._lease)
        if section is None:
            return False
        asks = await self._asked(self._shifts.asks_of, section)
        held = _Held(section, CALLER.validate_json(section.caller), len(asks))
        if section.number == AT_THE_PROVIDER:
            self._held[section.batch, section.number] = held
            assert self._group  # noqa: S101 # this is run by it
            self._group.create_task(self._run(held))
        elif asks:
            self._held[section.batch, section.number] = held
            self._waiting += ((held, ask) for ask in asks)
        else:
            await self._close(held)
        return True

    async def _run(self, held: _Held) -> None:
        """Have a batch done by the model server, as far as it can be."""
        section, batch = held.section, held.section.batch
        try:
            if self._errands:
                await self._errands.run(section, held.caller, lambda: not held.dropped)
                if held.dropped and not await self._asked(self._shifts.goes_on, batch):
                    await self._errands.cancel(batch)
            else:
                await self._asked(self._book.parts.done, batch)
        except GroundworkError as error:
            log.warning("The batch %s waits for the model server: %s", batch, error.code)
            held.again = self._clock() + _LONGEST_WAIT
        except Exception:
            log.exception("The batch %s could not be sent.", batch)
            held.again = self._clock() + _LONGEST_WAIT
        await self._close(held)
        self.wake()

    async def _answer(self, held: _Held, ask: Ask) -> Answer | None:
        """The answer to a row; None where it is left for later, or for another worker."""
        failures, wait, others, begun = 0, 1.0, self._answered, self._clock()
        section, gateway = held.section, None
        if section.mode is Mode.PROVIDER and self._errands:
            gateway = self._errands.gateway(section.batch)
        set_request_id(f"{section.batch}/{ask.number}")
        while not held.dropped:
            reply = await self._asker.ask(section.feature, ask.params, held.caller, gateway)
            if reply.is_postponed:
                later = min(max(reply.retry_after, _POLL_SECONDS), _LONGEST_WAIT)
                held.dropped, held.again = True, self._clock() + later
                return None
            if reply.is_final:
                if gateway:
                    await self._asker.spend(held.caller, gateway.usage, PROVIDER_SHARE)
                return Answer(ask.number, reply.status, reply.body, reply.tokens)
            failures += self._is_its_own(reply, others)
            others = self._answered
            is_away = reply.problem is not None and issubclass(reply.problem, _AWAY + _BY_CHANCE)
            late = not is_away and self._clock() - begun >= _PATIENCE_SECONDS
            if late or failures >= _MOST_FAILURES:
                return Answer(ask.number, reply.status, reply.body)
            await asyncio.sleep(max(reply.retry_after, wait * random.uniform(0.5, 1)))  # noqa: S311
            wait = min(2 * wait, _LONGEST_WAIT)
        return None

    def _is_its_own(self, reply: Reply, others: int) -> bool:
        """Whether a failure speaks against the row: the model server is well, and had time.

        A server that is away is well if it has answered more rows meanwhile than ``others``.
        """
        problem = reply.problem
        if problem is None or issubclass(problem, _BY_CHANCE) or not self._is_upstream_well():
            return False
        if issubclass(problem, _AWAY):
            return self._answered > others
        return not issubclass(problem, DeadlineExceeded) or reply.upstream_seconds > _POLL_SECONDS

    async def _keep(self, batch: str, answer: Answer) -> None:
        done = asyncio.get_running_loop().create_future()
        self._answered += answer.status < _FIRST_PROBLEM
        self._unkept.append(_Written(batch, answer, done))
        self._answers.set()
        await done

    async def _write(self) -> None:
        """Keep answers, those that come within a moment together: a transaction costs as they do."""
        while True:
            await self._answers.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._answers.clear()
            written = [*self._unkept]
            answers = [(each.batch, each.answer) for each in written]
            await self._asked(self._shifts.finish, answers, self._clock())
            del self._unkept[: len(written)]
            for each in written:
                if not each.done.done():
                    each.done.set_result(None)

    async def _close(self, held: _Held) -> None:
        section = held.section
        self._held.pop((section.batch, section.number), None)
        if held.again is not None:
            await self._asked(self._shifts.release, section, self._owner, held.again)
        else:
            await self._asked(self._shifts.close_section, section, self._owner, self._clock())

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
                kept = await self._asked(self._shifts.renew, self._owner, now + self._lease)
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
