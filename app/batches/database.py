"""The database of bulk: an SQLite file, or a PostgreSQL that several machines share."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.batches.tables import METADATA
from app.errors import BatchesUnavailable

_READING: Final = "reading"  # an execution option: of a transaction that writes nothing
_BUSY_SECONDS: Final = 30.0
_TABLES_LOCK: Final = 7_238_001  # a number of ours among PostgreSQL's advisory locks


class Database:
    """Transactions, one after another or at once, of several threads and processes."""

    def __init__(self, url: str) -> None:
        """Open it, and make its tables where there are none.

        Raises:
            BatchesUnavailable: it cannot be opened.
        """
        try:
            self._engine = _opened(url)
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close it."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction.

        Raises:
            IntegrityError: what is to be unique is there.
            BatchesUnavailable: it failed.
        """
        try:
            with self._engine.begin() as db:
                yield db
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A transaction that keeps nobody from writing.

        Raises:
            BatchesUnavailable: it failed.
        """
        try:
            with self._engine.connect() as plain:
                yield plain.execution_options(**{_READING: True})
        except SQLAlchemyError as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> BatchesUnavailable:
    return BatchesUnavailable(
        "The database of the batches cannot be used.", upstream_note=type(error).__name__
    )


def _opened(url: str) -> Engine:
    """The database of a URL, with its tables; an SQLite file is made for its owner alone.

    Raises:
        SQLAlchemyError, OSError: it cannot be opened.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite(parsed)
    else:
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":  # two that start at once both see no tables
            db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TABLES_LOCK})")
        METADATA.create_all(db)
    return engine


def _sqlite(url: URL) -> Engine:
    """Writers wait for their turn at the start of a transaction, where SQLite can wait."""
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins, not Python
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        reads = connection.get_execution_options().get(_READING)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
