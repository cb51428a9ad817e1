"""Batches by way of the model server's own: the same results as live, whatever becomes of those."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from app.batches import errands
from app.batches.book import Book
from app.factory import create_app
from app.settings import Settings
from tests.gateway.batching.provider import Dialect, Json, Provider
from tests.gateway.batching.stage import DIALECTS
from tests.wire.replies import TICKET
from tests.wire.upstream import settings

BOTH = pytest.mark.parametrize("dialect", DIALECTS)
ROWS = [{"text": f"My lamp number {number} broke."} for number in range(20)]
LOOKS = 1_500  # of 20 ms each


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "POLL_SECONDS", 0.02)


def model(messages: list[Json]) -> str:
    """Says the same to the same, and something else to something else."""
    words = messages[-1]["content"]
    return TICKET.replace("The lamp broke.", f"It says {words.splitlines()[1]}")


@asynccontextmanager
async def service(
    dialect: Dialect, folder: Path, **others: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    database = f"sqlite:///{folder / 'batches.db'}"
    async with serving(settings(dialect, database=database, **others)) as client:
        yield client


@asynccontextmanager
async def serving(given: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(given)
    async with LifespanManager(app, shutdown_timeout=60) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client


async def begun(client: httpx.AsyncClient, mode: str = "provider") -> str:
    """The id of a batch of all rows, one of them twice."""
    rows = [{"params": row} for row in [*ROWS, ROWS[0]]]
    body = {"feature": "tickets", "mode": mode, "requests": rows}
    response = await client.post("/batches", json=body)
    assert response.status_code == 201, response.text
    name: str = response.json()["id"]
    return name


async def until(client: httpx.AsyncClient, batch: str, *statuses: str) -> Json:
    """How the batch stands once its status is one of these."""
    report: Json = {}
    for _ in range(LOOKS):
        report = (await client.get(f"/batches/{batch}")).json()
        if report["status"] in statuses:
            return report
        await asyncio.sleep(0.02)
    raise AssertionError(report)


async def results(client: httpx.AsyncClient, batch: str) -> list[Json]:
    text = (await client.get(f"/batches/{batch}/results")).text
    return [json.loads(line) for line in text.splitlines()]


async def submitted(provider: Provider) -> None:
    """Wait until the provider has a batch."""
    for _ in range(LOOKS):
        if provider.batches:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was submitted")


async def noted(batch: str, folder: Path) -> None:
    """Wait until it is in the book that the provider has it."""
    book = Book(f"sqlite:///{folder / 'batches.db'}", kept_days=1)
    for _ in range(LOOKS):
        if book.parts.names(batch):
            book.close()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it is not noted")


@BOTH
async def test_the_results_are_those_of_live_rows(
    provider: Provider, dialect: Dialect, tmp_path: Path
) -> None:
    provider.says = provider.says_live = model
    async with service(dialect, tmp_path) as client:
        live = await begun(client, "live")
        await until(client, live, "completed")
        asked = len(provider.live)
        batch = await begun(client)
        await submitted(provider)
        provider.end()
        report = await until(client, batch, "completed")
        assert report["request_counts"] == {"total": 21, "completed": 21, "failed": 0}
        assert await results(client, batch) == await results(client, live)
    assert (asked, len(provider.live)) == (20, 20), "no row was asked live"


@BOTH
async def test_what_the_provider_did_not_do_is_done_live(
    provider: Provider, dialect: Dialect, tmp_path: Path
) -> None:
    provider.says = provider.says_live = model
    provider.fate = lambda number: "expired" if number % 2 else "succeeded"
    async with service(dialect, tmp_path) as client:
        batch = await begun(client)
        await submitted(provider)
        provider.live.clear()  # how to ask for JSON was found out
        provider.end()
        await until(client, batch, "completed")
        rows = await results(client, batch)
    assert [row["status"] for row in rows] == [200] * 21
    assert len(provider.live) == 10


async def test_another_process_goes_on_with_what_one_has_sent(
    provider: Provider, tmp_path: Path
) -> None:
    provider.says = provider.says_live = model
    async with service("anthropic", tmp_path) as client:
        batch = await begun(client)
        await noted(batch, tmp_path)
    provider.end()
    async with service("anthropic", tmp_path) as client:
        await until(client, batch, "completed")
    assert (len(provider.batches), len(provider.live)) == (1, 0), "it was sent once"


async def test_a_cancelled_batch_is_cancelled_there_too(provider: Provider, tmp_path: Path) -> None:
    async with service("anthropic", tmp_path) as client:
        batch = await begun(client)
        await submitted(provider)
        await client.post(f"/batches/{batch}/cancel")
        await until(client, batch, "cancelled")
        (there,) = provider.batches.values()
        assert there.status == "cancelling"
        assert {row["problem"]["code"] for row in await results(client, batch)} == {
            "batch-cancelled"
        }
    assert not provider.live


async def test_a_server_without_batches_is_told_at_once(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'batches.db'}"
    given = Settings(model="embedded", base_url="http://127.0.0.1:9/v1", database=database)
    async with serving(given) as client:
        body = {"feature": "tickets", "mode": "provider", "requests": [{"params": ROWS[0]}]}
        response = await client.post("/batches", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "batches-unsupported")
