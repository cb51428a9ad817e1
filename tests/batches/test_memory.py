"""A large batch comes in through a memory that stays small."""

import asyncio
import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.batches.bulk import begin, starting
from tests.fire.service import knows_the_password, reply
from tests.hostile.behaviours import Hang
from tests.hostile.scripts import always
from tests.hostile.upstream import hostile_upstream
from tests.service import beside

pytestmark = pytest.mark.slow

ROWS, ROW_BYTES = 100_000, 1_500
MOST_MB = 60


def large() -> Iterator[bytes]:
    for number in range(ROWS):
        text = f"My lamp {number} broke. ".ljust(ROW_BYTES, "x")
        yield json.dumps({"params": {"text": text}}).encode() + b"\n"


@contextmanager
def peak_of(process: psutil.Process) -> Generator[list[float]]:
    """Its memory in MB, while the block runs."""
    seen, is_over = [process.memory_info().rss / 1e6], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            seen.append(process.memory_info().rss / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


async def test_100_000_rows_of_150_mb(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/batches.db"
    async with (
        hostile_upstream(knows_the_password(always(Hang())), reply=reply) as upstream,
        beside(starting(upstream, tmp_path, database)) as service,
    ):
        with peak_of(service.process) as seen:
            await asyncio.to_thread(begin, service.client, large())
    growth = max(seen) - seen[0]
    print(f"\n{ROWS} rows: {seen[0]:.0f} MB, and {growth:.0f} MB more")  # noqa: T201
    assert growth < MOST_MB
