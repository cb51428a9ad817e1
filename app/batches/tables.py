"""The tables of bulk, in an SQLite file or a PostgreSQL that several machines share."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Column,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    make_url,
)

READING: Final = "reading"
"""An execution option: of a transaction that writes nothing."""

_BUSY_SECONDS: Final = 30.0
_TABLES_LOCK: Final = 7_238_001  # a number of ours among PostgreSQL's advisory locks

_METADATA: Final = MetaData()


def _column(name: str, kind: Any, default: Any = None, **more: Any) -> Column[Any]:
    return Column(name, kind, nullable=default is None, default=default, **more)


def _of_batch() -> Column[str]:
    return Column("batch", String, ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)


BATCHES: Final = Table(
    "batches",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("caller", Text, nullable=False),
    Column("feature", String, nullable=False),
    Column("status", String, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("columns", Text),
    Column("key", String),
    Column("digest", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
    Column("ended", Double),
    Column("expires", Double, nullable=False),
    Column("kept_until", Double),
    *(
        _column(name, Integer, 0)
        for name in ("total", "completed", "failed", "asks", "asked", "params_bytes")
    ),
    *(_column(name, Integer, 0) for name in ("input", "output", "cached")),
    *(_column(name, Double, 0.0) for name in ("mark_at", "before_at")),
    *(_column(name, Integer, 0) for name in ("mark", "before")),
    UniqueConstraint("tenant", "key"),
)
ROWS: Final = Table(
    "batch_rows",
    _METADATA,
    _of_batch(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("custom_id", Text, nullable=False),
    Column("kept", Text),
    Column("ask", Integer, nullable=False),
)
ASKS: Final = Table(
    "batch_asks",
    _METADATA,
    _of_batch(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("section", Integer),
    Column("place", Integer),
    Column("copies", Integer, nullable=False),
    Column("params", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Index("batch_asks_by_section", "batch", "section"),
)
SECTIONS: Final = Table(
    "batch_sections",
    _METADATA,
    _of_batch(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("owner", String, nullable=False),
    Column("until", Double, nullable=False),
    Index("batch_sections_by_time", "until"),
)


def open_database(url: str) -> Engine:
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
        _METADATA.create_all(db)
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
        reads = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
