"""Who works on which part of a batch, and what comes of it: the workers' side of the book."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from app.batches.database import Database
from app.batches.tables import ASKS, BATCHES, SECTIONS
from app.batches.values import Answer, Ask, Mode, Section, Status

_MARK_SECONDS: Final = 30.0  # between the two moments that the rate is told by


# What is said for each few answers is put together once.
_CHANGING: Final = (
    *("completed", "failed", "asked", "input", "output", "cached"),
    *("mark", "mark_at", "before", "before_at"),
)
_COUNTS: Final = (
    select(*(BATCHES.c[name] for name in _CHANGING))
    .where(BATCHES.c.id == bindparam("of"))
    .with_for_update()
)
_RECOUNTED: Final = (
    update(BATCHES)
    .where(BATCHES.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_OPEN: Final = select(ASKS.c.number, ASKS.c.copies).where(
    ASKS.c.batch == bindparam("of"),
    ASKS.c.number.in_(bindparam("asks", expanding=True)),
    ASKS.c.status.is_(None),
)
_KEPT: Final = (
    update(ASKS)
    .where(ASKS.c.batch == bindparam("of"), ASKS.c.number == bindparam("ask"))
    .values(status=bindparam("as"), body=bindparam("in"))
)


class Shifts:
    """Sections and answers; a method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, owner: str, now: float, until: float) -> Section | None:
        """A section for ``owner`` until then, if one is to be had: of each batch the first, in turn."""
        free = and_(SECTIONS.c.until <= now, BATCHES.c.status == Status.IN_PROGRESS)
        wanted = (
            select(
                SECTIONS.c.batch,
                SECTIONS.c.number,
                BATCHES.c.feature,
                BATCHES.c.caller,
                BATCHES.c.mode,
            )
            .join(BATCHES, BATCHES.c.id == SECTIONS.c.batch)
            .where(free)
            .order_by(SECTIONS.c.number, BATCHES.c.created)
            .limit(1)
        )
        with self._database.reading() as db:  # who finds no work keeps nobody from writing
            if db.execute(wanted).first() is None:
                return None
        with self._database.writing() as db:
            locked = wanted.with_for_update(of=SECTIONS, skip_locked=True)
            found = db.execute(locked).first()
            if found is None:
                return None
            section = Section(*found[:4], Mode(found.mode))
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
        with self._database.reading() as db:
            return [Ask(number, params) for number, params in db.execute(wanted)]

    def renew(self, owner: str, until: float) -> set[tuple[str, int]]:
        """Keep what ``owner`` has until then; those of its sections that are to be worked on."""
        theirs = SECTIONS.c.owner == owner
        with self._database.writing() as db:
            db.execute(update(SECTIONS).where(theirs), {"until": until})
            kept = db.execute(
                select(SECTIONS.c.batch, SECTIONS.c.number)
                .join(BATCHES, BATCHES.c.id == SECTIONS.c.batch)
                .where(theirs, BATCHES.c.status == Status.IN_PROGRESS)
            )
            return {(row.batch, row.number) for row in kept}

    def goes_on(self, batch: str) -> bool:
        """Whether a batch is to be worked on."""
        wanted = select(BATCHES.c.status).where(BATCHES.c.id == batch)
        with self._database.reading() as db:
            return db.execute(wanted).scalar() == Status.IN_PROGRESS

    def release(self, section: Section, owner: str, at: float) -> None:
        """Let others have a section from a time on."""
        mine = and_(_is(section), SECTIONS.c.owner == owner)
        with self._database.writing() as db:
            db.execute(update(SECTIONS).where(mine), {"owner": "", "until": at})

    def release_all(self, owner: str) -> None:
        """Let others have all that ``owner`` has."""
        with self._database.writing() as db:
            db.execute(
                update(SECTIONS).where(SECTIONS.c.owner == owner), {"owner": "", "until": 0.0}
            )

    def finish(self, answers: Iterable[tuple[str, Answer]], now: float) -> None:
        """Keep answers, each with its batch; the first to an ask is the one that counts."""
        by_batch: dict[str, dict[int, Answer]] = {}
        for batch, answer in answers:
            by_batch.setdefault(batch, {}).setdefault(answer.ask, answer)
        with self._database.writing() as db:
            for batch in sorted(by_batch):  # two that lock the same batches do so in one order
                _finish(db, batch, by_batch[batch], now)

    def close_section(self, section: Section, owner: str, now: float) -> None:
        """A section is done: all of it is answered, or its batch goes on no more."""
        with self._database.writing() as db:
            db.execute(delete(SECTIONS).where(_is(section), SECTIONS.c.owner == owner))
            settle(db, section.batch, now)


def _finish(db: Connection, batch: str, answers: Mapping[int, Answer], now: float) -> None:
    """Keep a batch's answers, and count them."""
    book = db.execute(_COUNTS, {"of": batch}).mappings().first()
    if book is None:
        return
    open_ = db.execute(_OPEN, {"of": batch, "asks": [*answers]}).all()
    copies: dict[int, int] = dict(open_)
    new = [answers[number] for number in copies]
    if not new:
        return
    db.execute(
        _KEPT,
        [{"of": batch, "ask": each.ask, "as": each.status, "in": each.body} for each in new],
    )
    done = {True: 0, False: 0}
    for each in new:
        done[each.status < 400] += copies[each.ask]
    asked = book["asked"] + len(new)
    counted: dict[str, Any] = {
        **book,
        "completed": book["completed"] + done[True],
        "failed": book["failed"] + done[False],
        "asked": asked,
    }
    for place, name in enumerate(("input", "output", "cached")):
        counted[name] += sum(each.tokens[place] for each in new)
    if now - book["mark_at"] >= _MARK_SECONDS:
        counted |= {"before": book["mark"], "before_at": book["mark_at"]}
        counted |= {"mark": asked, "mark_at": now}
    told = {f"new_{name}": value for name, value in counted.items()}
    db.execute(_RECOUNTED, {"of": batch, **told})


def _is(section: Section) -> Any:
    return and_(SECTIONS.c.batch == section.batch, SECTIONS.c.number == section.number)


def open_sections(db: Connection, batch: str) -> None:
    """Let workers have the sections of which something is to be asked."""
    left = select(ASKS.c.section).where(ASKS.c.batch == batch, ASKS.c.status.is_(None)).distinct()
    sections = [free(batch, number) for number in db.execute(left).scalars()]
    if sections:
        db.execute(insert(SECTIONS), sections)


def free(batch: str, number: int) -> dict[str, object]:
    """A section that nobody has."""
    return {"batch": batch, "number": number, "owner": "", "until": 0.0}


def settle(db: Connection, batch: str, now: float) -> None:
    """End a batch of which no section is left."""
    left = select(SECTIONS.c.number).where(SECTIONS.c.batch == batch).limit(1)
    if db.execute(left).first():
        return
    ends = {Status.IN_PROGRESS: Status.COMPLETED, Status.CANCELLING: Status.CANCELLED}
    for status, end in ends.items():
        db.execute(
            update(BATCHES)
            .where(BATCHES.c.id == batch, BATCHES.c.status == status)
            .values(status=end, ended=now)
        )
