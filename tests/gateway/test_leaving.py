"""Callers that leave, and the service that leaves: over real sockets, in a process of its own."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.frame import RequestFrame
from app.web.shutdown import Shutdown
from tests.gateway.support import until
from tests.hostile.behaviours import Behaviour, Endless, Good, Hang
from tests.hostile.calls import Call
from tests.hostile.scripts import always
from tests.hostile.upstream import HostileUpstream, hostile_upstream
from tests.service import Service, running_service
from tests.wire.replies import cited_answer

EMAIL = {"text": "My lamp broke. [m-1]"}
SAID = "It lasts three years."
QUESTION = {"question": "How long does it last?", "documents": [{"text": SAID}]}
ANSWER = cited_answer(SAID, SAID)
BODIES = {"/tickets": EMAIL, "/answers": QUESTION, "/answers/stream": QUESTION}
KEY = "key-of-the-upstream"
ENDLESS = always(Endless())


def honest(call: Call) -> Behaviour | None:
    """The probe's answer, so that scripts are about requests alone."""
    return Good('{"word": "heliotrope-4711"}') if "capital of France" in call.text else None


@asynccontextmanager
async def service_on(
    folder: Path, behaviour: Behaviour, **settings: str
) -> AsyncGenerator[tuple[HostileUpstream, Service]]:
    async with (
        hostile_upstream(lambda call: honest(call) or behaviour) as upstream,
        running_service(
            folder, model="openai:m", base_url=upstream.base_url, api_key=KEY, **settings
        ) as service,
    ):
        await until(lambda: len(upstream.calls) == 1 and upstream.in_flight == 0, 5)
        yield upstream, service


async def post(service: Service, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=service.client.base_url, timeout=20) as client:
        return await client.post(path, json=BODIES[path], headers=headers)


async def connect(service: Service, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request over a connection of its own, which the test can cut."""
    url = service.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    body = json.dumps(BODIES[path]).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def cut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("path", BODIES)
async def test_call_ends_when_its_caller_leaves(path: str, tmp_path: Path) -> None:
    async with service_on(tmp_path, Hang()) as (upstream, service):
        _, writer = await connect(service, path)
        await until(lambda: upstream.in_flight == 1)
        await cut(writer)
        assert await until(lambda: upstream.in_flight == 0) < 0.1
        assert upstream.calls[-1].client_left
        ready = await asyncio.to_thread(service.client.get, "/readyz")
        assert ready.json()["upstream"]["running"] == 0


async def test_stream_ends_when_its_caller_leaves_amid_it(tmp_path: Path) -> None:
    async with service_on(tmp_path, Endless()) as (upstream, service):
        reader, writer = await connect(service, "/answers/stream")
        await reader.readuntil(b"started")
        await cut(writer)
        assert await until(lambda: upstream.in_flight == 0) < 0.1


async def test_call_that_is_shared_goes_on_for_the_other(tmp_path: Path) -> None:
    async with service_on(tmp_path, Good(delay=0.5)) as (upstream, service):
        _, writer = await connect(service, "/tickets")
        await until(lambda: upstream.in_flight == 1)
        other = asyncio.create_task(post(service, "/tickets"))
        await asyncio.sleep(0.2)
        await cut(writer)
        response = await other
        assert response.status_code == 200
        assert response.headers["cache-status"] == "Groundwork; fwd=miss; collapsed"
        assert len(upstream.calls) == 2, "the probe and one call"


async def ended(service: Service) -> int:
    """The exit status, once the process has ended."""
    status: Any = await asyncio.to_thread(service.process.wait, 15)
    return int(status)


async def test_termination_lets_what_was_accepted_finish(tmp_path: Path) -> None:
    async with service_on(tmp_path, Good(ANSWER, delay=0.4, gap=0.1)) as (upstream, service):
        tasks = [
            asyncio.create_task(post(service, path)) for path in ("/answers", "/answers/stream")
        ]
        await until(lambda: upstream.in_flight == 2)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        with pytest.raises(httpx.ConnectError):
            await post(service, "/tickets")
        whole, stream = await asyncio.gather(*tasks)
        assert whole.json()["answer"] == SAID
        assert '"type":"completed"' in stream.text
        assert await ended(service) == 0


async def test_termination_fails_honestly_what_takes_too_long(tmp_path: Path) -> None:
    async with service_on(tmp_path, Hang(), shutdown_grace="0.5") as (upstream, service):
        whole = asyncio.create_task(post(service, "/tickets"))
        await until(lambda: upstream.in_flight == 1)
        upstream.script = ENDLESS
        stream = asyncio.create_task(post(service, "/answers/stream"))
        await until(lambda: upstream.in_flight == 2)
        begin = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        problem = await whole
        assert problem.status_code == 503
        assert problem.json()["code"] == "shutting-down"
        assert problem.headers["retry-after"]
        last = (await stream).text.removesuffix("\n\n").rpartition("data: ")[2]
        event = json.loads(last)
        assert event["type"] == "failed"
        assert event["problem"]["code"] == "shutting-down"
        assert event["problem"]["received"] == "", "no answer that could be shown"
        assert 0.5 <= time.monotonic() - begin < 1.5
        assert await ended(service) == 0
        await until(lambda: upstream.in_flight == 0)


async def test_connection_is_closed_after_its_last_answer(tmp_path: Path) -> None:
    async with service_on(tmp_path, Good(delay=0.5)) as (upstream, service):
        reader, writer = await connect(service, "/tickets")
        await until(lambda: upstream.in_flight == 1)
        service.process.send_signal(signal.SIGTERM)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"}")
        writer.close()
        await writer.wait_closed()
        assert await ended(service) == 0


async def test_nothing_is_accepted_once_the_shutdown_has_begun() -> None:
    shutdown = Shutdown(grace=0)
    shutdown.begun = True

    async def never(*_: object) -> None:
        pytest.fail("it was let through")

    frame = RequestFrame(never, max_body_bytes=1024, shutdown=shutdown)
    transport = httpx.ASGITransport(frame)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.post("/tickets", json=EMAIL)
    assert response.status_code == 503
    assert response.json()["code"] == "shutting-down"
    assert response.headers["retry-after"] == "1"
