"""The service in a process of its own, the hostile upstream behind it, clients in front of it."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tests.hostile.behaviours import Good
from tests.hostile.calls import Call
from tests.hostile.upstream import HostileUpstream, Script
from tests.service import run_service

_PATIENCE_SECONDS = 2.0  # after its time, before a request counts as hung; how late: laws.py
_IDLE_SECONDS = 2.0  # before the server drops a connection that waits for a request
_PROBE = "What is the capital of France?"
_DURATION = re.compile(r"dur=([\d.]+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got.

    Attributes:
        number: of the request; its marker is ``marker(number)``.
        begun: when it was sent, by ``time.monotonic()``.
        seconds: until all of it was there.
        status: None if there was no response to its end in time.
        body: the JSON, or the events of a stream.
        own_seconds: what the service says that the request took it.
    """

    number: int
    begun: float
    seconds: float
    status: int | None = None
    body: Any = None
    own_seconds: float = 0.0

    @property
    def problem(self) -> str | None:
        """The code of the problem that it is, if it is one."""
        return self.body["code"] if self.status and self.status != 200 else None


def marker(number: int) -> str:
    return f"[m-{number}]"


def knows_the_password(script: Script) -> Script:
    """``script``, but for the service's own question at its start, which is answered well."""
    answer = Good('{"word": "heliotrope-4711"}')

    def both(call: Call) -> Any:
        return answer if call.text == _PROBE else script(call)

    return both


class Front:
    """Clients of the service, each request on a real connection."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ticket(self, number: int, within: float = 60) -> Reply:
        """Ask for the ticket of an email with the marker."""
        body = {"text": f"My lamp broke. {marker(number)}"}
        return await self._post("/tickets", number, body, within)

    async def stream(self, number: int, within: float = 60) -> Reply:
        """Ask a question with the marker, which the document answers; the answer is streamed."""
        body = {
            "question": f"How long? {marker(number)}",
            "documents": [{"text": f"Three years. {marker(number)}"}],
        }
        return await self._post("/answers/stream", number, body, within)

    async def state(self) -> Mapping[str, Any]:
        """What the service says of its upstream."""
        async with self._session.get("/readyz") as response:
            return (await response.json())["upstream"]

    async def _post(self, path: str, number: int, body: Mapping[str, Any], within: float) -> Reply:
        begun = time.monotonic()
        headers = {"x-request-timeout": f"{within:g}"}
        try:
            async with (
                asyncio.timeout(within + _PATIENCE_SECONDS),
                self._session.post(path, json=body, headers=headers) as response,
            ):
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError):
            return Reply(number, begun, time.monotonic() - begun)
        seconds = time.monotonic() - begun
        timing = response.headers["server-timing"]
        own = sum(map(float, _DURATION.findall(timing))) / 1000
        return Reply(number, begun, seconds, response.status, _read(response, content), own)


def _read(response: aiohttp.ClientResponse, content: bytes) -> Any:
    if response.content_type != "text/event-stream":
        return json.loads(content)
    frames = content.decode().removesuffix("\n\n").split("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


@asynccontextmanager
async def service_on(
    upstream: HostileUpstream, folder: Path, **settings: str
) -> AsyncGenerator[Front]:
    """The service on ``upstream``, as an operator starts it in ``folder``, ready."""
    stack = ExitStack()
    start = partial(
        run_service,
        folder,
        model="openai:m",
        base_url=upstream.base_url,
        api_key="k",
        log_level="error",
        **settings,
    )
    service = await asyncio.to_thread(lambda: stack.enter_context(start()))
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
    try:
        url = str(service.client.base_url)
        async with aiohttp.ClientSession(url, connector=connector) as session:
            yield Front(session)
    finally:
        await asyncio.to_thread(stack.close)


async def closed_loop(
    ask: Callable[[int], Awaitable[Reply]], *, requests: int, clients: int
) -> list[Reply]:
    """``requests`` by ``clients``, each of which waits for its reply before it asks again."""
    numbers = iter(range(requests))
    replies: list[Reply] = []

    async def client() -> None:
        replies.extend([await ask(number) for number in numbers])

    await asyncio.gather(*(client() for _ in range(clients)))
    return replies


async def open_loop(
    ask: Callable[[int], Awaitable[Reply]], *, rate: float, seconds: float, first: int = 0
) -> list[Reply]:
    """``rate`` requests a second, whatever becomes of the others, for ``seconds``."""
    begin = time.monotonic()
    made: list[asyncio.Task[Reply]] = []
    while (passed := time.monotonic() - begin) < seconds:
        while len(made) < passed * rate:
            made.append(asyncio.ensure_future(ask(first + len(made))))
        await asyncio.sleep(0.002)
    return await asyncio.gather(*made)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed (the nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]
