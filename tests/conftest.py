"""What the tests share: one embedded engine, on the smallest model, for those that call it."""

from collections.abc import Generator

import pytest

from app.embedded import Engine
from app.provision import make_engine
from app.settings import Settings
from tests.service import MODEL, START_SECONDS


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _running_engine() -> Generator[Engine]:
    engine = make_engine(Settings(model=MODEL))
    assert engine
    engine.start()
    try:
        assert engine.wait(START_SECONDS), engine.problem()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    """Gemma 3 270M, loaded."""
    yield from _running_engine()


@pytest.fixture
def fresh_engine() -> Generator[Engine]:
    """One that nobody asked before: what its cache holds changes the order of additions, and with
    it the words of some outputs. That is ten points of chrF over six cases, six of a share of 50.
    """
    yield from _running_engine()
