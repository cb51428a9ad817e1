"""The service in a process of its own, on the hostile upstream: what a client sends and gets.

The only file here that knows the features: their paths, bodies, and what a model says to them.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tests.fire.crowd import marker
from tests.hostile.behaviours import Good
from tests.hostile.calls import Call, good_text, marker_of
from tests.hostile.upstream import HostileUpstream, Script
from tests.service import Service, run_service
from tests.wire.replies import TICKET, said_answer

TICKETS, ANSWERS = "/tickets", "/answers/stream"

_PROBE = "What is the capital of France?"
_BEFORE, _, _AFTER = TICKET.partition("Broken lamp")
_IDLE_SECONDS = 2.0  # before the server drops a connection that waits for a request
_PATIENCE_SECONDS = 30.0  # after its time, before a request counts as hung


def body_of(path: str, number: int) -> Mapping[str, Any]:
    """A request with a marker; a question's document says what is right."""
    if path == TICKETS:
        return {"text": f"My lamp broke. {marker(number)}"}
    document = {"text": good_text(marker(number))}
    return {"question": f"What is it? {marker(number)}", "documents": [document]}


def reply(call: Call) -> str:
    """What a good model writes."""
    text = good_text(marker_of(call.text))
    if "stream" in call.body:
        return said_answer(text, 1)
    return f"{_BEFORE}{text}{_AFTER}"


def is_right(path: str, answer: Mapping[str, Any], number: int) -> bool:
    """Whether an answer, or a stream's last event, says what the good model said."""
    if path == TICKETS:
        return answer["issue"] == good_text(marker(number))
    return answer["result"]["answer"] == good_text(marker(number))


def knows_the_password(script: Script) -> Script:
    """``script``, but for the service's own question at its start, which is answered well."""
    answer = Good('{"word": "heliotrope-4711"}')

    def both(call: Call) -> Any:
        return answer if call.text == _PROBE else script(call)

    return both


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got.

    Attributes:
        number: of the request.
        status: None if there was no response to its end.
        body: the JSON, or the events of a stream.
    """

    number: int
    status: int | None = None
    body: Any = None

    @property
    def problem(self) -> str | None:
        """The code of the problem that it is, if it is one."""
        return self.body["code"] if self.status and self.status != 200 else None


class Front:
    """Clients of the service, each request on a real connection."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self.service = service
        self._session = session

    async def ask(self, path: str, number: int, within: float = 60) -> Reply:
        """Make a request that may take ``within`` seconds."""
        headers = {"x-request-timeout": f"{within:g}"}
        body = body_of(path, number)
        try:
            async with (
                asyncio.timeout(within + _PATIENCE_SECONDS),
                self._session.post(path, json=body, headers=headers) as response,
            ):
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError):
            return Reply(number)
        return Reply(number, response.status, _read(response, content))

    async def state(self) -> Mapping[str, Any]:
        """What the service says of its upstream."""
        async with self._session.get("/readyz") as response:
            return (await response.json())["upstream"]


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
            yield Front(service, session)
    finally:
        await asyncio.to_thread(stack.close)
