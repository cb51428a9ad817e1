"""Bulk: takes orders in, works on them in this process, and tells how they stand."""

import asyncio
import logging
import os
import socket
import tempfile
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from pydantic import TypeAdapter

from app.batches.asking import Asker
from app.batches.errands import Errands
from app.batches.orders import Upload, take_in
from app.batches.results import Results, columns_of
from app.batches.values import Batch, Mode, Offer, Status
from app.batches.worker import Worker
from app.callers import Caller, Limiter
from app.errors import (
    BatchesOff,
    BatchesUnavailable,
    BatchRunning,
    BatchUnknown,
    BodyTooLarge,
    Overloaded,
    RequestTimeout,
)
from app.gateway import BreakerState, ModelGateway
from app.gateway.batching import ProviderBatches, unsupported

if TYPE_CHECKING:
    from app.batches.book import Book

log = logging.getLogger(__name__)

MOST_BYTES: Final = 209_715_200
_SPOOLED: Final = 1_048_576  # bytes that are kept in memory, before it is a file
_MOST_UPLOADS: Final = 4  # at once, each of which is a file
_SOON_SECONDS: Final = 5
_MOST_PLACES: Final = 256
_BYTES_OF_A_TOKEN: Final = 6  # at the most, on average: what a batch takes is no less
_CHUNK_SECONDS: Final = 30.0  # for the next part of a body to come
_PAGE: Final = 500  # rows that are read at a time
_RUNNING: Final = frozenset({Status.VALIDATING, Status.IN_PROGRESS, Status.CANCELLING})


class Batches:
    """The batches of this service, in the database that the settings name."""

    def __init__(
        self,
        url: str | None,
        *,
        kept_days: float,
        limiter: Limiter,
        offers: Callable[[], Mapping[str, Offer]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is opened yet.

        Args:
            url: of the database; None to take no batches.
            kept_days: days that results are kept.
            limiter: knows what callers may have.
            offers: what can be asked now, by the features' names.
            clock: the same for all processes that share the database, within seconds.
        """
        self._url, self._kept_days = url, kept_days
        self._limiter = limiter
        self._offers, self._clock = offers, clock
        self._book: Book | None = None
        self._opening = asyncio.Lock()
        self._uploads = asyncio.Semaphore(_MOST_UPLOADS)
        self._worker: Worker | None = None
        self._server: ProviderBatches | None = None
        self._make_worker: Callable[[Book], Worker] | None = None
        self._working: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def working(
        self, asker: Asker, gateway: ModelGateway, server: ProviderBatches | None
    ) -> AsyncGenerator[None]:
        """Work on what there is, and on what comes, until the block ends.

        Args:
            asker: asks a row.
            gateway: of the base model.
            server: its server's own batches, if it may have some.
        """
        self._server = server
        owner = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"

        def make_worker(book: "Book") -> Worker:
            errands = Errands(book, asker, gateway, server, self._clock) if server else None
            return Worker(
                book,
                asker,
                errands,
                places=min(gateway.admission.most, _MOST_PLACES),
                owner=owner,
                is_upstream_well=lambda: gateway.breaker.state is BreakerState.CLOSED,
                clock=self._clock,
            )

        self._make_worker = make_worker
        beginning = asyncio.create_task(self._begin()) if self._is_there() else None
        try:
            yield
        finally:
            tasks = [task for task in (beginning, self._working) if task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.close()

    def close(self) -> None:
        """Close the database, if it was opened."""
        if self._book:
            self._book.close()

    def _is_there(self) -> bool:
        """Whether there may be work from before; a file that is not there is not made for that."""
        if self._url is None:
            return False
        return not self._url.startswith("sqlite:///") or Path(self._url[10:]).exists()

    async def _begin(self) -> None:
        try:
            await self.book()
        except BatchesUnavailable as error:
            log.error("%s (%s)", error.detail, error.upstream_note)  # noqa: TRY400

    async def book(self) -> "Book":
        """The book, opened when it is first needed; from then on there is a worker.

        Raises:
            BatchesOff: there is none.
            BatchesUnavailable: it cannot be opened.
        """
        if self._book:
            return self._book
        if self._url is None:
            raise BatchesOff("The operator keeps no batches: GROUNDWORK_DATABASE is not set.")
        async with self._opening:
            if self._book is None:
                from app.batches.book import Book  # noqa: PLC0415 # SQLAlchemy takes 20 MB

                self._book = await asyncio.to_thread(Book, self._url, self._kept_days)
                if self._make_worker:
                    self._working = asyncio.create_task(self._work(self._book, self._make_worker))
        return self._book

    async def _work(self, book: "Book", make_worker: Callable[["Book"], Worker]) -> None:
        """Work; a worker that a bug of ours ended is followed by another."""
        while True:
            self._worker = make_worker(book)
            try:
                await self._worker.run()
            except Exception:
                log.exception("The worker of the batches ended; another begins.")
                await asyncio.sleep(_SOON_SECONDS)

    async def create(self, upload: Upload, body: AsyncIterable[bytes], caller: Caller) -> Batch:
        """Take an order in, and have the work begin.

        Raises:
            RequestError: it is too large, or what is wrong with it or its rows.
            BatchesOff, BatchesUnavailable: there is no database.
            Overloaded: others are coming in.
            QuotaExceeded: the caller's tenant has too many under way, or too little left for it.
        """
        book = await self.book()
        if self._uploads.locked():
            raise Overloaded("Other batches are coming in.", retry_after=_SOON_SECONDS)
        async with self._uploads:
            return await self._create(book, upload, body, caller)

    async def _create(
        self, book: "Book", upload: Upload, body: AsyncIterable[bytes], caller: Caller
    ) -> Batch:
        with tempfile.SpooledTemporaryFile(_SPOOLED) as file:
            upload.digest = await _spooled(body, file)
            upload.file = cast("BinaryIO", file)
            allowance, loop = self._limiter.allowance(caller), asyncio.get_running_loop()

            async def required(size: int, mode: Mode) -> None:
                if mode is Mode.PROVIDER:
                    if self._server is None:
                        raise unsupported()
                    await self._server.check()
                if allowance and allowance.is_metered:
                    await allowance.require(size // _BYTES_OF_A_TOKEN)

            def may_ask(size: int, mode: Mode) -> None:
                asyncio.run_coroutine_threadsafe(required(size, mode), loop).result()

            order = (upload, caller, self._offers(), may_ask, self._clock())
            batch = await asyncio.to_thread(take_in, book, *order)
        if self._worker:
            self._worker.wake()
        return batch

    async def find(self, batch: str, caller: Caller) -> Batch:
        """A batch of the caller's tenant.

        Raises:
            BatchUnknown: there is none of that name.
        """
        book = await self.book()
        found = await asyncio.to_thread(book.find, batch, caller.tenant)
        if found is None:
            raise BatchUnknown("There is no such batch, or it is forgotten.")
        return found

    async def list(self, caller: Caller, limit: int, after: str | None) -> Sequence[Batch]:
        """The tenant's, the newest first."""
        return await asyncio.to_thread((await self.book()).list, caller.tenant, limit, after)

    async def cancel(self, batch: str, caller: Caller) -> Batch:
        """Have no further row of it be asked."""
        await self.find(batch, caller)
        await asyncio.to_thread((await self.book()).cancel, batch, self._clock())
        if self._worker:
            self._worker.leave(batch)
        return await self.find(batch, caller)

    async def delete(self, batch: str, caller: Caller) -> None:
        """Forget a batch that has ended.

        Raises:
            BatchRunning: it has not.
        """
        if (await self.find(batch, caller)).status in _RUNNING:
            raise BatchRunning("Cancel the batch first: it is still worked on.")
        await asyncio.to_thread((await self.book()).drop, batch)

    async def results(self, batch: Batch, after: int, limit: int) -> AsyncIterator[bytes]:
        """The rows that are done among the ``limit`` after that number, as a file."""
        book, offer = await self.book(), self._offers().get(batch.feature)
        schema = TypeAdapter(offer.gives).json_schema(mode="serialization") if offer else {}
        results = Results(batch, columns_of(schema))
        yield results.header()
        while limit > 0:
            rows = await asyncio.to_thread(book.results, batch.id, after, min(_PAGE, limit))
            if not rows:
                return
            yield await asyncio.to_thread(results.written, rows)
            after, limit = rows[-1].number, limit - len(rows)


async def _spooled(body: AsyncIterable[bytes], file: Any) -> bytes:
    """Keep a body as a file; its digest."""
    digest, size = blake2b(digest_size=16), 0
    chunks = aiter(body)
    while True:
        try:
            async with asyncio.timeout(_CHUNK_SECONDS):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise RequestTimeout(f"Nothing came for {_CHUNK_SECONDS:g} seconds.") from None
        if chunk is None:
            file.seek(0)
            return digest.digest()
        size += len(chunk)
        if size > MOST_BYTES:
            raise BodyTooLarge(f"A batch may have at most {MOST_BYTES} bytes.")
        digest.update(chunk)
        file.write(chunk)
