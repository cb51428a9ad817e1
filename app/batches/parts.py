"""What a batch has at the model server: its batches there, and what became of its prompts."""

from collections.abc import Mapping

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.batches.database import Database
from app.batches.shifts import open_sections
from app.batches.tables import ASKS, PARTS, PROMPTS, SECTIONS
from app.batches.values import AT_THE_PROVIDER, Ask


class Parts:
    """The server's batches by name, and its answers by prompts' keys; a method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self, batch: str) -> Mapping[str, bool]:
        """The batches there, and whether their results are kept."""
        wanted = select(PARTS.c.name, PARTS.c.is_read).where(PARTS.c.batch == batch)
        with self._database.reading() as db:
            return {row.name: row.is_read for row in db.execute(wanted)}

    def add(self, batch: str, name: str) -> None:
        """Note a batch there."""
        with self._database.writing() as db:
            db.execute(insert(PARTS), {"batch": batch, "name": name, "is_read": False})

    def was_read(self, batch: str, name: str) -> None:
        """Note that its results are kept."""
        mine = and_(PARTS.c.batch == batch, PARTS.c.name == name)
        with self._database.writing() as db:
            db.execute(update(PARTS).where(mine), {"is_read": True})

    def keep(self, batch: str, answers: Mapping[str, bytes]) -> None:
        """Keep answers by their prompts' keys; those that are kept already stay."""
        if not answers:
            return
        rows = [{"batch": batch, "key": key, "answer": said} for key, said in answers.items()]
        try:
            with self._database.writing() as db:
                db.execute(insert(PROMPTS), rows)
        except IntegrityError:  # some are there, from before an end that was not planned
            known = select(PROMPTS.c.key).where(PROMPTS.c.batch == batch)
            with self._database.writing() as db:
                there = set(db.execute(known).scalars())
                new = [row for row in rows if row["key"] not in there]
                if new:
                    db.execute(insert(PROMPTS), new)

    def answer(self, batch: str, key: str) -> bytes | None:
        """What is kept of a prompt."""
        wanted = select(PROMPTS.c.answer).where(PROMPTS.c.batch == batch, PROMPTS.c.key == key)
        with self._database.reading() as db:
            return db.execute(wanted).scalar()

    def asks(self, batch: str, after: int, limit: int) -> list[Ask]:
        """Asks of a batch without an answer, from the place after that on."""
        wanted = (
            select(ASKS.c.number, ASKS.c.params, ASKS.c.place)
            .where(ASKS.c.batch == batch, ASKS.c.place > after, ASKS.c.status.is_(None))
            .order_by(ASKS.c.place)
            .limit(limit)
        )
        with self._database.reading() as db:
            return [Ask(row.number, row.params, row.place) for row in db.execute(wanted)]

    def done(self, batch: str) -> None:
        """Let workers have the rows: all is kept that the model server said, or will say."""
        errand = and_(SECTIONS.c.batch == batch, SECTIONS.c.number == AT_THE_PROVIDER)
        with self._database.writing() as db:
            if db.execute(delete(SECTIONS).where(errand)).rowcount:
                open_sections(db, batch)
