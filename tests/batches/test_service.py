"""``/batches`` of the whole application, on a database that is real and a model that is not."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from app.factory import create_app
from app.settings import Settings
from tests.batches.bulk import lines, right
from tests.fire.service import knows_the_password, reply
from tests.hostile.behaviours import Behaviour, Good, Hang, Status
from tests.hostile.calls import Call, marker_of
from tests.hostile.memory import MemoryUpstream, memory_upstream
from tests.hostile.scripts import always
from tests.hostile.upstream import Script

PATIENCE = 60.0
REVIEWS = '{"sentiment": "positive", "reason": "The light is warm."}'


def said(call: Call) -> str:
    """What a good model writes, to a ticket or a review."""
    return (
        REVIEWS
        if "sentiment" in str(call.body) and "urgency" not in str(call.body)
        else reply(call)
    )


class Bulk:
    """A caller of ``/batches``."""

    def __init__(self, client: httpx.AsyncClient, upstream: MemoryUpstream) -> None:
        self.client, self.upstream = client, upstream

    async def begin(self, content: Any, kind: str = "application/x-ndjson", **more: Any) -> str:
        query = {"feature": "tickets", **more.pop("query", {})}
        headers = {"content-type": kind, **more.pop("headers", {})}
        response = await self.client.post(
            "/batches", content=content, params=query, headers=headers
        )
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def state(self, batch: str) -> dict[str, Any]:
        return (await self.client.get(f"/batches/{batch}")).json()

    async def until(self, batch: str, *statuses: str, done: int = 0) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.state(batch)
                if found["status"] in statuses and found["request_counts"]["completed"] >= done:
                    return found
                await asyncio.sleep(0.02)

    async def results(self, batch: str, **query: int) -> list[dict[str, Any]]:
        response = await self.client.get(f"/batches/{batch}/results", params=query)
        return [json.loads(line) for line in response.content.splitlines()]


@asynccontextmanager
async def bulk(database: str, script: Script, **settings: Any) -> AsyncGenerator[Bulk]:
    async with memory_upstream(knows_the_password(script), reply=said) as upstream:
        given: dict[str, Any] = {"max_retries": 0, "max_concurrency": 8, **settings}
        chosen = Settings(
            model="openai:m",
            base_url=upstream.base_url,
            api_key=SecretStr("k"),
            database=database,
            **given,
        )
        app = create_app(chosen, open_http=upstream.http)
        async with (
            LifespanManager(app) as running,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(running.app), base_url="http://x"
            ) as client,
        ):
            yield Bulk(client, upstream)


def failing(marker: str, status: int) -> Script:
    """Refuses one row for good."""
    return lambda call: Status(status) if marker_of(call.text) == marker else Good(delay=0.01)


async def test_results_while_it_runs_and_by_range(database: str) -> None:
    holds = {f"[m-{number}]" for number in range(20, 30)}

    def script(call: Call) -> Behaviour:
        return Hang() if marker_of(call.text) in holds else Good()

    async with bulk(database, script, max_concurrency=16) as service:
        batch = await service.begin(b"".join(lines(range(40))))
        running = await service.until(batch, "in_progress", done=30)
        assert running["request_counts"] == {"total": 40, "completed": 30, "failed": 0}
        assert running["progress"] == 0.75
        done = await service.results(batch)
        assert [int(row["custom_id"]) for row in done] == [*range(20), *range(30, 40)]
        assert [row["result"]["issue"] for row in done[:20]] == [right(n) for n in range(20)]
        page = await service.results(batch, after=15, limit=10)
        assert [int(row["custom_id"]) for row in page] == [15, 16, 17, 18, 19]


async def test_cancelled_in_the_middle_and_forgotten(database: str) -> None:
    async with bulk(database, always(Good(delay=0.05))) as service:
        batch = await service.begin(b"".join(lines(range(200))))
        await service.until(batch, "in_progress", done=8)
        refused = await service.client.delete(f"/batches/{batch}")
        assert (refused.status_code, refused.json()["code"]) == (409, "batch-running")
        asked = await service.client.post(f"/batches/{batch}/cancel")
        assert asked.json()["status"] in {"cancelling", "cancelled"}
        ended = await service.until(batch, "cancelled")
        rows = await service.results(batch)
        assert len(rows) == 200
        done = [row for row in rows if row["result"]]
        assert len(done) == ended["request_counts"]["completed"] < 100
        assert {row["problem"]["code"] for row in rows if row["problem"]} == {"batch-cancelled"}
        assert (await service.client.delete(f"/batches/{batch}")).status_code == 204
        assert (await service.client.get(f"/batches/{batch}")).status_code == 404
        assert (await service.client.get(f"/batches/{batch}/results")).status_code == 404


@pytest.mark.slow  # waits for real; on virtual time, the workers' tests have it
@pytest.mark.parametrize("status", [400, 500])
async def test_a_row_that_is_refused_for_good_fails_alone(database: str, status: int) -> None:
    async with bulk(database, failing("[m-3]", status), queue_size=1) as service:
        batch = await service.begin(b"".join(lines(range(30))))
        ended = await service.until(batch, "completed")
        assert ended["request_counts"] == {"total": 30, "completed": 29, "failed": 1}
        (failed,) = [row for row in await service.results(batch) if row["problem"]]
        assert failed["custom_id"] == "3"
        assert failed["problem"]["status"] == failed["status"] == 502
        asked = [marker_of(each.call.text) for each in service.upstream.calls]
        assert asked.count("[m-3]") <= 6, "once more, to see whether it can do with less"


async def test_a_folder_feature_and_a_csv_file(database: str) -> None:
    async with bulk(database, always(Good()), features="sample") as service:
        content = 'id;review\r\n7;"Sehr gut;\r\nsagt sie."\r\n8;Schön.\r\n'.encode("windows-1252")
        query = {"feature": "reviews", "text": "review", "custom_id": "id"}
        batch = await service.begin(content, "text/csv", query=query)
        await service.until(batch, "completed")
        response = await service.client.get(f"/batches/{batch}/results")
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert response.text.splitlines()[0] == "id,review,sentiment,reason,checks,problem"
        assert response.text.splitlines()[-1].startswith("8,Schön.,positive,The light is warm.,")


async def test_names_that_no_database_keeps(database: str) -> None:
    async with bulk(database, always(Good())) as service:
        for name in ("\0", "\ud800", "a" * 256):
            row = {"custom_id": name, "params": {"text": "My lamp broke."}}
            for kind, document in (
                ("application/x-ndjson", row),
                ("application/json", {"feature": "tickets", "requests": [row]}),
            ):
                query = {"feature": "tickets"} if document is row else {}
                response = await service.client.post(
                    "/batches",
                    content=json.dumps(document),
                    params=query,
                    headers={"content-type": kind},
                )
                told = 201 if name == "\ud800" and document is not row else 422
                assert response.status_code == told, (name[:2], kind, response.text)
        response = await service.client.post(
            "/batches",
            content="id,text\n" + "a" * 256 + ",b\n",
            params={"feature": "tickets", "text": "text", "custom_id": "id"},
            headers={"content-type": "text/csv"},
        )
        assert response.status_code == 422, response.text


async def test_a_key_stands_for_one_batch(database: str) -> None:
    content = b"".join(lines(range(3)))
    async with bulk(database, always(Good())) as service:
        key = {"idempotency-key": '"k"'}
        first = await service.begin(content, headers=key)
        assert await service.begin(content, headers=key) == first
        other = await service.client.post(
            "/batches?feature=tickets",
            content=content + content.replace(b'": "', b'": "x'),
            headers={"content-type": "application/x-ndjson", **key},
        )
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.slow
async def test_an_upstream_that_is_down_fails_no_row(database: str) -> None:
    up = asyncio.Event()

    def script(_call: Call) -> Behaviour:
        return Good() if up.is_set() else Status(503)

    async with bulk(database, script, max_retries=2) as service:
        batch = await service.begin(b"".join(lines(range(40))))
        await asyncio.sleep(12)
        assert (await service.state(batch))["request_counts"]["failed"] == 0
        up.set()
        ended = await service.until(batch, "completed")
        assert ended["request_counts"] == {"total": 40, "completed": 40, "failed": 0}
