"""Keeps batches: what was ordered, who works on which part of it, and what came of it."""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.batches.tables import ASKS, BATCHES, READING, ROWS, SECTIONS, open_database
from app.batches.values import Answer, Ask, Batch, Done, Order, Row, Section, Status
from app.errors import BatchesUnavailable, IdempotencyKeyInUse, IdempotencyKeyReused

SECTION: Final = 256
"""Asks of a section: what a worker takes at a time."""

_SLICE: Final = 5_000  # rows of one statement
_DAY: Final = 86_400.0
_LASTS_SECONDS: Final = 7 * _DAY  # what is not done by then is not done
_UPLOAD_SECONDS: Final = 3_600.0  # an upload that takes longer was broken off
_MARK_SECONDS: Final = 30.0  # between the two moments that the rate is told by
_WORKED_ON: Final = (Status.IN_PROGRESS, Status.CANCELLING)
_COUNTED: Final = ("total", "completed", "failed", "asks", "asked", "params_bytes")


class Book:
    """The tables, one transaction a method. Several threads and processes may use them at once."""

    def __init__(self, url: str, kept_days: float) -> None:
        """Open the database; results are kept for so many days.

        Raises:
            BatchesUnavailable: it cannot be opened.
        """
        self._kept_seconds = kept_days * _DAY
        try:
            self._engine = open_database(url)
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

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
            "status": Status.VALIDATING,
            "metadata": "{}",
            "columns": None if order.columns is None else json.dumps(order.columns),
            "key": order.key,
            "digest": order.digest,
            "created": now,
            "expires": now + _LASTS_SECONDS,
        }
        try:
            with self._writing() as db:
                db.execute(insert(BATCHES), row)
        except IntegrityError:
            mine = and_(BATCHES.c.tenant == order.tenant, BATCHES.c.key == order.key)
            with self._reading() as db:
                found = db.execute(select(BATCHES).where(mine)).mappings().first()
            if found is None:  # it ended at this moment
                return self.begin(order, now)
            if found["digest"] != order.digest:
                raise IdempotencyKeyReused(
                    "This Idempotency-Key came with another batch; send a new one."
                ) from None
            if found["status"] == Status.VALIDATING:
                raise IdempotencyKeyInUse("This batch is still coming in.", retry_after=1) from None
            return _batch(found)
        return None

    def under_way(self, tenant: str) -> int:
        """How many of a tenant's batches have not ended."""
        counted = select(func.count()).where(BATCHES.c.tenant == tenant, BATCHES.c.ended.is_(None))
        with self._reading() as db:
            return db.execute(counted).scalar_one()

    def add(self, batch: str, rows: Sequence[Row], asks: Sequence[Ask]) -> None:
        """Enter rows, and what they ask that no row before them did."""
        with self._writing() as db:
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
    ) -> None:
        """Have the work begin, on the asks in this order; ``copies`` counts each one's rows."""
        placed = update(ASKS).where(ASKS.c.batch == batch, ASKS.c.number == bindparam("ask"))
        placed = placed.values(
            section=bindparam("in_section"), place=bindparam("at"), copies=bindparam("of")
        )
        for begin in range(0, len(order), _SLICE):
            with self._writing() as db:
                db.execute(
                    placed,
                    [
                        {"ask": ask, "in_section": at // SECTION, "at": at, "of": copies[ask]}
                        for at, ask in enumerate(order[begin : begin + _SLICE], start=begin)
                    ],
                )
        mine = ASKS.c.batch == batch
        with self._writing() as db:
            left = db.execute(
                select(ASKS.c.section).where(mine, ASKS.c.status.is_(None)).distinct()
            ).scalars()
            sections = [
                {"batch": batch, "number": number, "owner": "", "until": 0.0}
                for number in left.all()
            ]
            if sections:
                db.execute(insert(SECTIONS), sections)
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
            self._settle(db, batch, now)

    def drop(self, batch: str) -> None:
        """Take a batch out of the book, with all that belongs to it."""
        with self._writing() as db:
            db.execute(delete(BATCHES).where(BATCHES.c.id == batch))

    # Work ------------------------------------------------------------------------------------

    def claim(self, owner: str, now: float, until: float) -> Section | None:
        """A section for ``owner`` until then, if one is to be had: of each batch the first, in turn."""
        free = and_(SECTIONS.c.until <= now, BATCHES.c.status == Status.IN_PROGRESS)
        wanted = (
            select(SECTIONS.c.batch, SECTIONS.c.number, BATCHES.c.feature, BATCHES.c.caller)
            .join(BATCHES, BATCHES.c.id == SECTIONS.c.batch)
            .where(free)
            .order_by(SECTIONS.c.number, BATCHES.c.created)
            .limit(1)
        )
        with self._reading() as db:  # who finds no work keeps nobody from writing
            if db.execute(wanted).first() is None:
                return None
        with self._writing() as db:
            locked = wanted.with_for_update(of=SECTIONS, skip_locked=True)
            found = db.execute(locked).first()
            if found is None:
                return None
            section = Section(found.batch, found.number, found.feature, found.caller)
            db.execute(update(SECTIONS).where(_is(section)), {"owner": owner, "until": until})
            return section

    def asks_of(self, section: Section) -> Sequence[Ask]:
        """Those of a section that have no answer."""
        wanted = (
            select(ASKS.c.number, ASKS.c.params)
            .where(ASKS.c.batch == section.batch, ASKS.c.section == section.number)
            .where(ASKS.c.status.is_(None))
            .order_by(ASKS.c.place)
        )
        with self._reading() as db:
            return [Ask(number, params) for number, params in db.execute(wanted)]

    def renew(self, owner: str, until: float) -> set[tuple[str, int]]:
        """Keep what ``owner`` has until then; those of its sections that are to be worked on."""
        theirs = SECTIONS.c.owner == owner
        with self._writing() as db:
            db.execute(update(SECTIONS).where(theirs), {"until": until})
            kept = db.execute(
                select(SECTIONS.c.batch, SECTIONS.c.number)
                .join(BATCHES, BATCHES.c.id == SECTIONS.c.batch)
                .where(theirs, BATCHES.c.status == Status.IN_PROGRESS)
            )
            return {(row.batch, row.number) for row in kept}

    def release(self, section: Section, owner: str, at: float) -> None:
        """Let others have a section from a time on."""
        mine = and_(_is(section), SECTIONS.c.owner == owner)
        with self._writing() as db:
            db.execute(update(SECTIONS).where(mine), {"owner": "", "until": at})

    def release_all(self, owner: str) -> None:
        """Let others have all that ``owner`` has."""
        with self._writing() as db:
            db.execute(
                update(SECTIONS).where(SECTIONS.c.owner == owner), {"owner": "", "until": 0.0}
            )

    def finish(self, answers: Iterable[tuple[str, Answer]], now: float) -> None:
        """Keep answers, each with its batch; the first to an ask is the one that counts."""
        by_batch: dict[str, dict[int, Answer]] = {}
        for batch, answer in answers:
            by_batch.setdefault(batch, {}).setdefault(answer.ask, answer)
        with self._writing() as db:
            for batch in sorted(by_batch):  # two that lock the same batches do so in one order
                _finish(db, batch, by_batch[batch], now)

    def close_section(self, section: Section, owner: str, now: float) -> None:
        """A section is done: all of it is answered, or its batch goes on no more."""
        with self._writing() as db:
            db.execute(delete(SECTIONS).where(_is(section), SECTIONS.c.owner == owner))
            self._settle(db, section.batch, now)

    def _settle(self, db: Connection, batch: str, now: float) -> None:
        """End a batch of which no section is left."""
        left = select(SECTIONS.c.number).where(SECTIONS.c.batch == batch).limit(1)
        if db.execute(left).first():
            return
        ends = {Status.IN_PROGRESS: Status.COMPLETED, Status.CANCELLING: Status.CANCELLED}
        for status, end in ends.items():
            db.execute(
                update(BATCHES)
                .where(BATCHES.c.id == batch, BATCHES.c.status == status)
                .values(status=end, ended=now, kept_until=now + self._kept_seconds)
            )

    # What callers see ------------------------------------------------------------------------

    def find(self, batch: str, tenant: str) -> Batch | None:
        """A tenant's batch."""
        mine = and_(BATCHES.c.id == batch, BATCHES.c.tenant == tenant)
        with self._reading() as db:
            found = db.execute(select(BATCHES).where(mine)).mappings().first()
        return _batch(found) if found else None

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
        with self._reading() as db:
            return [_batch(row) for row in db.execute(wanted).mappings()]

    def results(self, batch: str, after: int, limit: int) -> Sequence[Done]:
        """Rows from the one after that number on, in the order in which they came."""
        wanted = (
            select(ROWS.c.number, ROWS.c.custom_id, ROWS.c.kept, ASKS.c.status, ASKS.c.body)
            .join(ASKS, and_(ASKS.c.batch == ROWS.c.batch, ASKS.c.number == ROWS.c.ask))
            .where(ROWS.c.batch == batch, ROWS.c.number > after)
            .order_by(ROWS.c.number)
            .limit(limit)
        )
        with self._reading() as db:
            return [Done(*row) for row in db.execute(wanted)]

    def cancel(self, batch: str, now: float) -> None:
        """Have no further row of it be asked; those under way are answered."""
        with self._writing() as db:
            db.execute(
                update(BATCHES)
                .where(BATCHES.c.id == batch, BATCHES.c.status == Status.IN_PROGRESS)
                .values(status=Status.CANCELLING)
            )
            self._let_go(db, Status.CANCELLING, now)

    def tidy(self, now: float) -> None:
        """End what has expired or been left; forget what need not be kept."""
        with self._writing() as db:
            late = and_(BATCHES.c.status.in_(_WORKED_ON), BATCHES.c.expires <= now)
            db.execute(
                update(BATCHES)
                .where(late)
                .values(status=Status.EXPIRED, ended=now, kept_until=now + self._kept_seconds)
            )
            self._let_go(db, Status.CANCELLING, now)
            self._let_go(db, Status.EXPIRED, now)
            broken = and_(
                BATCHES.c.status == Status.VALIDATING, BATCHES.c.created < now - _UPLOAD_SECONDS
            )
            db.execute(delete(BATCHES).where(broken | (BATCHES.c.kept_until <= now)))

    def _let_go(self, db: Connection, status: Status, now: float) -> None:
        """Take out the sections that nobody has, of batches that go on no more."""
        of_these = select(BATCHES.c.id).where(BATCHES.c.status == status)
        db.execute(delete(SECTIONS).where(SECTIONS.c.batch.in_(of_these), SECTIONS.c.until <= now))
        for batch in db.execute(of_these).scalars().all():
            self._settle(db, batch, now)

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        try:
            with self._engine.begin() as db:
                yield db
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    @contextmanager
    def _reading(self) -> Generator[Connection]:
        try:
            with self._engine.connect() as plain:
                yield plain.execution_options(**{READING: True})
        except SQLAlchemyError as error:
            raise _unavailable(error) from error


def _finish(db: Connection, batch: str, answers: Mapping[int, Answer], now: float) -> None:
    """Keep a batch's answers, and count them."""
    book = (
        db.execute(select(BATCHES).where(BATCHES.c.id == batch).with_for_update())
        .mappings()
        .first()
    )
    if book is None:
        return
    open_ = and_(ASKS.c.batch == batch, ASKS.c.number.in_(answers), ASKS.c.status.is_(None))
    copies = dict(db.execute(select(ASKS.c.number, ASKS.c.copies).where(open_)).all())
    new = [answers[number] for number in copies]
    if not new:
        return
    kept = update(ASKS).where(ASKS.c.batch == batch, ASKS.c.number == bindparam("ask"))
    db.execute(
        kept.values(status=bindparam("with_status"), body=bindparam("with_body")),
        [{"ask": each.ask, "with_status": each.status, "with_body": each.body} for each in new],
    )
    done = {True: 0, False: 0}
    for each in new:
        done[each.status < 400] += copies[each.ask]
    asked = book["asked"] + len(new)
    counted: dict[str, float] = {
        "completed": book["completed"] + done[True],
        "failed": book["failed"] + done[False],
        "asked": asked,
    }
    for place, name in enumerate(("input", "output", "cached")):
        counted[name] = book[name] + sum(each.tokens[place] for each in new)
    if now - book["mark_at"] >= _MARK_SECONDS:
        counted |= {"before": book["mark"], "before_at": book["mark_at"]}
        counted |= {"mark": asked, "mark_at": now}
    db.execute(update(BATCHES).where(BATCHES.c.id == batch).values(**counted))


def _is(section: Section) -> Any:
    return and_(SECTIONS.c.batch == section.batch, SECTIONS.c.number == section.number)


def _batch(row: Mapping[Any, Any]) -> Batch:
    columns = row["columns"]
    return Batch(
        id=row["id"],
        tenant=row["tenant"],
        feature=row["feature"],
        status=Status(row["status"]),
        created=row["created"],
        ended=row["ended"],
        expires=row["expires"],
        kept_until=row["kept_until"],
        metadata=json.loads(row["metadata"]),
        columns=None if columns is None else tuple(json.loads(columns)),
        **{name: row[name] for name in _COUNTED},
        tokens=(row["input"], row["output"], row["cached"]),
        marks=((row["before_at"], row["before"]), (row["mark_at"], row["mark"])),
    )


def _unavailable(error: Exception) -> BatchesUnavailable:
    return BatchesUnavailable(
        "The database of the batches cannot be used.", upstream_note=type(error).__name__
    )
