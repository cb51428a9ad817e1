"""SIGHUP has the folders read anew, over a real socket, with a request under way."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.factory import create_app
from app.features import features_of, tickets
from app.web.connection import Connection
from tests.features.folder.folders import GRADED, REVIEW, TOML, write
from tests.wire.service import replied
from tests.wire.upstream import body_of, settings


class Upstream(httpx.AsyncBaseTransport):
    """A model that answers once it may.

    Attributes:
        may: whether it may.
        asked: it was asked.
    """

    def __init__(self) -> None:
        self.may, self.asked = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={})
        await request.aread()
        if "capital of France" not in str(body_of(request)):
            self.asked.set()
            await self.may.wait()
        response = replied(lambda _: json.dumps(GRADED), body_of(request))
        return httpx.Response(200, headers=response.headers, content=await response.aread())


class Told(logging.Handler):
    """Waits for lines of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put_nowait(record.getMessage())


@asynccontextmanager
async def serving(features: Path) -> AsyncGenerator[tuple[httpx.AsyncClient, Upstream, Told]]:
    """The service on a socket of its own, in this thread, which alone gets signals."""
    upstream, told = Upstream(), Told()
    app = create_app(settings("openai", features=features), open_http=lambda: upstream)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Connection, log_config=None))
    log = logging.getLogger("app.factory")
    log.addHandler(told)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done(), "the server ended"
            await asyncio.sleep(0)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client, upstream, told
    finally:
        upstream.may.set()
        server.should_exit = True
        await task
        log.removeHandler(told)


async def hang_up(told: Told) -> str:
    os.kill(os.getpid(), signal.SIGHUP)
    return await told.lines.get()


async def paths(client: httpx.AsyncClient) -> set[str]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return {path for path in document["paths"] if path.split("/")[1] in ("grades", "marks")}


@pytest.fixture(autouse=True)
def own_texts() -> Generator[None]:
    """Afterwards, the built-in features have their own texts again."""
    yield
    features_of(settings("openai"))


async def test_new_folders_are_served_and_what_is_under_way_goes_on(tmp_path: Path) -> None:
    old = write(tmp_path / "grades")
    async with serving(tmp_path) as (client, upstream, told):
        assert await paths(client) == {"/grades", "/grades/stream"}
        one = asyncio.create_task(client.post("/grades", json={"text": REVIEW}))
        await upstream.asked.wait()

        old.rename(tmp_path / "marks")
        write(tmp_path / "tickets", None, instruction="Read it.", examples=[], cases=[])
        assert await hang_up(told) == "The features were read again."
        assert await paths(client) == {"/marks", "/marks/stream"}
        assert tickets.FEATURE.instruction == "Read it."
        assert (await client.post("/grades", json={"text": REVIEW})).status_code == 404
        assert not one.done()

        upstream.may.set()
        assert (await one).json()["grade"] == "bad"
        assert (await client.post("/marks", json={"text": REVIEW})).json()["grade"] == "bad"
        assert (await client.get("/healthz")).status_code == 200


async def test_if_the_new_state_is_wrong_the_old_one_goes_on(tmp_path: Path) -> None:
    folder = write(tmp_path / "grades")
    async with serving(tmp_path) as (client, upstream, told):
        upstream.may.set()
        write(tmp_path / "marks")
        write(folder, TOML.replace('type = "integer"', 'type = "int"'))
        line = await hang_up(told)
        assert line.startswith("The features stay as they were: grades/feature.toml:10: ")
        assert await paths(client) == {"/grades", "/grades/stream"}
        assert (await client.post("/grades", json={"text": REVIEW})).status_code == 200

        write(folder)
        assert await hang_up(told) == "The features were read again."
        assert await paths(client) == {
            f"/{n}{s}" for n in ("grades", "marks") for s in ("", "/stream")
        }


async def test_read_again_and_again_the_document_stays_the_same(tmp_path: Path) -> None:
    for name in ("grades", "marks", "notes"):
        write(tmp_path / name)
    async with serving(tmp_path) as (client, _, told):
        first = (await client.get("/openapi.json")).json()
        for name in ("notes", "marks"):
            (tmp_path / name).rename(tmp_path / f".{name}")
            await hang_up(told)
            assert f"/{name}" not in (await client.get("/openapi.json")).json()["paths"]
        for name in ("notes", "marks"):
            (tmp_path / f".{name}").rename(tmp_path / name)
        await hang_up(told)
        again = (await client.get("/openapi.json")).json()
        assert json.dumps(again) == json.dumps(first), "in the same order"
