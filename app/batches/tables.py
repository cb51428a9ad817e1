"""The tables of bulk."""

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()


def _column(name: str, kind: Any, default: Any = None, **more: Any) -> Column[Any]:
    return Column(name, kind, nullable=default is None, default=default, **more)


def _of_batch() -> Column[str]:
    return Column("batch", String, ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)


BATCHES: Final = Table(
    "batches",
    METADATA,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("caller", Text, nullable=False),
    Column("feature", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("status", String, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("columns", Text),
    Column("key", String),
    Column("digest", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
    Column("ended", Double),
    Column("expires", Double, nullable=False),
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
    METADATA,
    _of_batch(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("custom_id", Text, nullable=False),
    Column("kept", Text),
    Column("ask", Integer, nullable=False),
)
ASKS: Final = Table(
    "batch_asks",
    METADATA,
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
PARTS: Final = Table(  # of a batch, at the model server
    "batch_parts",
    METADATA,
    _of_batch(),
    Column("name", String, primary_key=True),
    Column("is_read", Boolean, nullable=False, default=False),
)
PROMPTS: Final = Table(  # that it answered
    "batch_prompts",
    METADATA,
    _of_batch(),
    Column("key", String, primary_key=True),
    Column("answer", LargeBinary, nullable=False),
)
SECTIONS: Final = Table(
    "batch_sections",
    METADATA,
    _of_batch(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("owner", String, nullable=False),
    Column("until", Double, nullable=False),
    Index("batch_sections_by_time", "until"),
)
