"""The service that the generated clients call: on a model server of the mind, and on the model."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from app.embedded import Engine
from tests.clients.upstream import said
from tests.hostile.answering import Good
from tests.hostile.breaking import TruncatedStream
from tests.hostile.scripts import always
from tests.hostile.upstream import Script, hostile_upstream
from tests.service import COMMAND, MODEL, named, run_service

Served = tuple[str, str]
"""Address of a service, and a key for it."""


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """The service whose model always says the same."""
    yield from _on_script(always(Good()), tmp_path_factory)


@pytest.fixture(scope="session")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """The service whose model server breaks all streams in the middle."""
    yield from _on_script(
        lambda call: TruncatedStream() if call.stream else Good(), tmp_path_factory
    )


@pytest.fixture(scope="session")
def embedded(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """The service on the smallest embedded model."""
    yield from _service(
        tmp_path_factory,
        model=MODEL,
        base_url=engine.base_url,
        api_key=engine.key,
        timeout="240",  # this is no test of speed
        first_token_timeout="240",
    )


def _on_script(script: Script, folders: pytest.TempPathFactory) -> Generator[Served]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(hostile_upstream(script, reply=said)) as upstream,
    ):
        yield from _service(folders, model="openai:any", base_url=upstream.base_url)
        assert not upstream.complaints


def _service(folders: pytest.TempPathFactory, **settings: str) -> Generator[Served]:
    folder: Path = folders.mktemp("service")
    keys = str(folder / "keys.toml")
    key = _new_key(keys)
    with run_service(folder, store=str(folder / "store.sqlite3"), keys=keys, **settings) as service:
        yield str(service.client.base_url), key


def _new_key(keys: str) -> str:
    """A key as an operator makes it."""
    made = subprocess.run(
        [COMMAND[0], "keys", "new", "tour"],
        env=os.environ | named(keys=keys),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return made.stdout.strip()
