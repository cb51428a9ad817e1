"""What the tests share: one embedded engine, on the smallest model, for those that call it."""

import logging
import socket
from collections.abc import Generator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as budget

from app.embedded import Engine
from app.provision import make_engine
from app.settings import Settings
from tests.service import MODEL, START_SECONDS

# How long an example takes, no test judges.
budget.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
budget.load_profile("patient")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def _is_near(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def loopback_alone() -> Generator[None]:
    """Whatever would leave this machine fails the test that wants it."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert _is_near(address[0]), f"a test connects to {address}"
        connect(self, address)

    def checked_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        assert _is_near(host), f"a test looks for {host}"
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket, "getaddrinfo", checked_look_up)
        yield


@pytest.fixture(autouse=True)
def logging_as_before() -> Generator[None]:
    """An application sets up logging for its process; the next test is not asked."""
    loggers = [logging.getLogger(name) for name in ("app", "asyncio", "uvicorn")]
    before = [(each.level, each.handlers, each.propagate) for each in loggers]
    yield
    for each, (level, handlers, propagate) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.handlers, each.propagate = handlers, propagate


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    """Gemma 3 270M, loaded."""
    engine = make_engine(Settings(model=MODEL))
    assert engine
    engine.start()
    try:
        assert engine.wait(START_SECONDS), engine.problem()
        yield engine
    finally:
        engine.stop()
