"""However many callers send as much as they may, as slowly as they may: the memory has a bound."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from app.settings import Settings
from app.web.bodies import MOST_JSON
from tests.contract.serving import model_server
from tests.service import Service, run_service

pytestmark = pytest.mark.slow

CONNECTIONS = 100
MOST_MEMORY = 512 * 1024 * 1024
MOST_FORM: int = Settings.model_fields["max_body_bytes"].default
PIECE = 262_144
PAUSE = 0.05  # seconds between two pieces
PATIENCE = 200.0  # for an answer, on a busy machine

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def filled(before: bytes, unit: bytes, after: bytes, most: int = MOST_JSON) -> bytes:
    """The largest body of this form."""
    return before + unit * ((most - len(before) - len(after)) // len(unit)) + after


def documents() -> bytes:
    """A request that is right, and takes four bytes for each of its characters."""
    sentences = "".join(f"The warranty of lamp {n} lasts three years. " for n in range(440))
    documents = [{"text": f"{sentences}\N{ELECTRIC LIGHT BULB}"} for _ in range(100)]
    body = json.dumps({"question": "How long?", "documents": documents}, ensure_ascii=False)
    assert 0.85 * MOST_JSON < len(body.encode()) <= MOST_JSON
    return body.encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    with (
        model_server() as url,
        run_service(
            tmp_path_factory.mktemp("service"),
            model="openai:m",
            base_url=url,
            api_key="secret",
            read_timeout="20",
            log_level="error",
        ) as running,
    ):
        yield running


@contextmanager
def peak_of(process: psutil.Process) -> Generator[list[int]]:
    """The most memory that the process has in this block, once that is over."""
    peak, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


async def status_of(service: Service, path: str, kind: str, body: bytes, *, size: int) -> int:
    """Send a body of that size piece by piece, until there is an answer; its status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.client.base_url.port)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n"
    writer.write(f"{head}\r\n".encode())
    answer = asyncio.create_task(reader.readline())
    with suppress(ConnectionError):
        for at in range(0, len(body), PIECE):
            if answer.done():
                break
            writer.write(body[at : at + PIECE])
            await writer.drain()
            await asyncio.sleep(PAUSE)
    try:
        async with asyncio.timeout(PATIENCE):
            return int((await answer).split()[1])
    finally:
        writer.close()


async def crowd(service: Service, path: str, kind: str, body: bytes, missing: int) -> Counter[int]:
    """How often each status came to all who send this, but for its end, at the same time."""
    sent, size = body[: len(body) - missing], len(body)
    calls = (status_of(service, path, kind, sent, size=size) for _ in range(CONNECTIONS))
    return Counter(await asyncio.gather(*calls))


@pytest.mark.parametrize(
    ("path", "kind", "body", "missing", "answered"),
    [
        ("/tickets", JSON, filled(b'{"text": "', b"a", b""), 1, 408),
        ("/tickets", JSON, filled(b"[", b"[],", b"1]"), 0, 413),
        ("/answers", JSON, filled(b'{"history": [', b"{},", b"1]}"), 0, 413),
        ("/v2/translate", FORM, filled(b"", b"a&", b"", MOST_FORM), 0, 400),
        ("/answers", JSON, documents(), 0, 504),
    ],
    ids=["half", "lists", "objects", "form", "documents"],
)
def test_the_worst_of_a_hundred_callers_has_a_bound(
    service: Service, path: str, kind: str, body: bytes, missing: int, answered: int
) -> None:
    with ExitStack() as stack:
        peak = stack.enter_context(peak_of(service.process))
        statuses = asyncio.run(crowd(service, path, kind, body, missing))
        assert service.client.get("/healthz").status_code == 200
    assert peak[0] < MOST_MEMORY
    assert statuses[503] > CONNECTIONS / 2
    assert statuses.keys() <= {503, 200, answered}
    assert service.client.post("/tickets", json={"text": "Broken."}).status_code == 200
