"""Keeps batches: what was ordered, and how it stands. Workers have their side in ``shifts``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.batches.database import Database
from app.batches.parts import Parts
from app.batches.shifts import Shifts, free, open_sections, settle
from app.batches.tables import ASKS, BATCHES, ROWS, SECTIONS
from app.batches.values import AT_THE_PROVIDER, Ask, Batch, Done, Mode, Order, Row, Status
from app.errors import IdempotencyKeyInUse, IdempotencyKeyReused

SECTION: Final = 256
"""Asks of a section: what a worker takes at a time."""

_SLICE: Final = 5_000  # rows of one statement
_DAY: Final = 86_400.0
_LASTS_SECONDS: Final = 7 * _DAY  # what is not done by then is not done
_UPLOAD_SECONDS: Final = 600.0  # rows that take longer to be entered were broken off
_WORKED_ON: Final = (Status.IN_PROGRESS, Status.CANCELLING)
_COUNTED: Final = ("total", "completed", "failed", "asks", "asked", "params_bytes")


class Book:
    """The tables, one transaction a method. Several threads and processes may use them at once."""

    def __init__(self, url: str, kept_days: float) -> None:
        """Open the database; results are kept for so many days.

        Raises:
            BatchesUnavailable: it cannot be opened.
        """
        self.database = Database(url)
        self.shifts, self.parts = Shifts(self.database), Parts(self.database)
        self._kept_seconds = kept_days * _DAY

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # An order comes in -----------------------------------------------------------------------

    def begin(self, order: Order, now: float) -> Batch | None:
        """Enter an order, as yet without rows; or give the batch that its key stands for.

        Raises:
            IdempotencyKeyReused: the key came with another request.
            IdempotencyKeyInUse: that request is still coming in.
        """
        row = {
            "id": order.id,
            "tenant": order.tenant,
            "caller": order.caller,
            "feature": order.feature,
            "mode": Mode.LIVE,
            "status": Status.VALIDATING,
            "metadata": "{}",
            "columns": None if order.columns is None else json.dumps(order.columns),
            "key": order.key,
            "digest": order.digest,
            "created": now,
            "expires": now + _LASTS_SECONDS,
        }
        try:
            with self.database.writing() as db:
                db.execute(insert(BATCHES), row)
        except IntegrityError:
            mine = and_(BATCHES.c.tenant == order.tenant, BATCHES.c.key == order.key)
            with self.database.reading() as db:
                found = db.execute(select(BATCHES).where(mine)).mappings().first()
            if found is None:  # it ended at this moment
                return self.begin(order, now)
            if found["digest"] != order.digest:
                raise IdempotencyKeyReused(
                    "This Idempotency-Key came with another batch; send a new one."
                ) from None
            if found["status"] == Status.VALIDATING:
                raise IdempotencyKeyInUse("This batch is still coming in.", retry_after=1) from None
            return self._batch(found)
        return None

    def under_way(self, tenant: str) -> int:
        """How many of a tenant's batches have not ended."""
        counted = select(func.count()).where(BATCHES.c.tenant == tenant, BATCHES.c.ended.is_(None))
        with self.database.reading() as db:
            return db.execute(counted).scalar_one()

    def add(self, batch: str, rows: Sequence[Row], asks: Sequence[Ask]) -> None:
        """Enter rows, and what they ask that no row before them did."""
        with self.database.writing() as db:
            if asks:
                entered = [
                    {
                        "batch": batch,
                        "number": each.number,
                        "copies": 0,
                        "params": each.params,
                        "status": each.status,
                        "body": each.body,
                    }
                    for each in asks
                ]
                db.execute(insert(ASKS), entered)
            if rows:
                db.execute(
                    insert(ROWS),
                    [
                        {
                            "batch": batch,
                            "number": each.number,
                            "custom_id": each.custom_id,
                            "kept": each.kept,
                            "ask": each.ask,
                        }
                        for each in rows
                    ],
                )

    def start(
        self,
        batch: str,
        order: Sequence[int],
        copies: Sequence[int],
        metadata: Mapping[str, str],
        now: float,
        mode: Mode = Mode.LIVE,
    ) -> None:
        """Have the work begin, on the asks in this order; ``copies`` counts each one's rows.

        It begins with what is to be done at the model server, if something is.
        """
        placed = update(ASKS).where(ASKS.c.batch == batch, ASKS.c.number == bindparam("ask"))
        placed = placed.values(
            section=bindparam("in_section"), place=bindparam("at"), copies=bindparam("of")
        )
        for begin in range(0, len(order), _SLICE):
            with self.database.writing() as db:
                db.execute(
                    placed,
                    [
                        {"ask": ask, "in_section": at // SECTION, "at": at, "of": copies[ask]}
                        for at, ask in enumerate(order[begin : begin + _SLICE], start=begin)
                    ],
                )
        mine = ASKS.c.batch == batch
        with self.database.writing() as db:
            if mode is Mode.PROVIDER:
                db.execute(insert(SECTIONS), free(batch, AT_THE_PROVIDER))
            else:
                open_sections(db, batch)
            size, known, failed = db.execute(
                select(
                    func.sum(func.length(ASKS.c.params)),
                    func.count(ASKS.c.status),
                    func.sum(ASKS.c.copies).filter(ASKS.c.status.is_not(None)),
                ).where(mine)
            ).one()
            db.execute(
                update(BATCHES).where(BATCHES.c.id == batch),
                {
                    "status": Status.IN_PROGRESS,
                    "mode": mode,
                    "metadata": json.dumps(metadata),
                    "total": sum(copies),
                    "failed": failed or 0,
                    "asks": len(order),
                    "asked": known,
                    "params_bytes": size or 0,
                    "mark": known,
                    "mark_at": now,
                    "before": known,
                    "before_at": now,
                },
            )
            settle(db, batch, now)

    def drop(self, batch: str) -> None:
        """Take a batch out of the book, with all that belongs to it."""
        with self.database.writing() as db:
            db.execute(delete(BATCHES).where(BATCHES.c.id == batch))

    # What callers see ------------------------------------------------------------------------

    def find(self, batch: str, tenant: str) -> Batch | None:
        """A tenant's batch."""
        mine = and_(BATCHES.c.id == batch, BATCHES.c.tenant == tenant)
        with self.database.reading() as db:
            found = db.execute(select(BATCHES).where(mine)).mappings().first()
        return self._batch(found) if found else None

    def list(self, tenant: str, limit: int, after: str | None = None) -> Sequence[Batch]:
        """A tenant's batches, the newest first, those older than ``after``."""
        wanted = (
            select(BATCHES)
            .where(BATCHES.c.tenant == tenant)
            .order_by(BATCHES.c.created.desc(), BATCHES.c.id)
            .limit(limit)
        )
        if after:
            than = select(BATCHES.c.created).where(BATCHES.c.id == after).scalar_subquery()
            created = BATCHES.c.created
            wanted = wanted.where((created < than) | ((created == than) & (BATCHES.c.id > after)))
        with self.database.reading() as db:
            return [self._batch(row) for row in db.execute(wanted).mappings()]

    def results(self, batch: str, after: int, limit: int) -> Sequence[Done]:
        """Rows from the one after that number on, in the order in which they came."""
        wanted = (
            select(ROWS.c.number, ROWS.c.custom_id, ROWS.c.kept, ASKS.c.status, ASKS.c.body)
            .join(ASKS, and_(ASKS.c.batch == ROWS.c.batch, ASKS.c.number == ROWS.c.ask))
            .where(ROWS.c.batch == batch, ROWS.c.number > after)
            .order_by(ROWS.c.number)
            .limit(limit)
        )
        with self.database.reading() as db:
            return [Done(*row) for row in db.execute(wanted)]

    def cancel(self, batch: str, now: float) -> None:
        """Have no further row of it be asked; those under way are answered."""
        with self.database.writing() as db:
            db.execute(
                update(BATCHES)
                .where(BATCHES.c.id == batch, BATCHES.c.status == Status.IN_PROGRESS)
                .values(status=Status.CANCELLING)
            )
            self._let_go(db, Status.CANCELLING, now)

    def tidy(self, now: float) -> None:
        """End what has expired or been left; forget what need not be kept."""
        with self.database.writing() as db:
            late = and_(BATCHES.c.status.in_(_WORKED_ON), BATCHES.c.expires <= now)
            db.execute(update(BATCHES).where(late).values(status=Status.EXPIRED, ended=now))
            self._let_go(db, Status.CANCELLING, now)
            self._let_go(db, Status.EXPIRED, now)
            broken = and_(
                BATCHES.c.status == Status.VALIDATING, BATCHES.c.created < now - _UPLOAD_SECONDS
            )
            db.execute(
                delete(BATCHES).where(broken | (BATCHES.c.ended <= now - self._kept_seconds))
            )

    def _let_go(self, db: Connection, status: Status, now: float) -> None:
        """Take out the sections that nobody has, of batches that go on no more."""
        of_these = select(BATCHES.c.id).where(BATCHES.c.status == status)
        db.execute(delete(SECTIONS).where(SECTIONS.c.batch.in_(of_these), SECTIONS.c.until <= now))
        for batch in db.execute(of_these).scalars().all():
            settle(db, batch, now)

    def _batch(self, row: Mapping[Any, Any]) -> Batch:
        columns = row["columns"]
        return Batch(
            id=row["id"],
            tenant=row["tenant"],
            feature=row["feature"],
            mode=Mode(row["mode"]),
            status=Status(row["status"]),
            created=row["created"],
            ended=row["ended"],
            expires=row["expires"],
            kept_until=row["ended"] and row["ended"] + self._kept_seconds,
            metadata=json.loads(row["metadata"]),
            columns=None if columns is None else tuple(json.loads(columns)),
            **{name: row[name] for name in _COUNTED},
            tokens=(row["input"], row["output"], row["cached"]),
            marks=((row["before_at"], row["before"]), (row["mark_at"], row["mark"])),
        )
