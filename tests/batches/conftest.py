"""Databases: a file for SQLite, and a PostgreSQL that is real."""

from collections.abc import Generator
from pathlib import Path

import pytest

from app.batches.book import Book
from tests.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'batches.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def book(database: str) -> Generator[Book]:
    """Kept for a day."""
    book = Book(database, kept_days=1)
    yield book
    book.close()
