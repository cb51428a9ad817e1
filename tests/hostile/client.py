"""A plain client for the tests of the hostile upstream itself."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.hostile.upstream import HostileUpstream
from tests.hostile.voices import Dialect

PATHS: dict[Dialect, str] = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}


@dataclass(frozen=True, slots=True)
class Got:
    """A response and what it said.

    Attributes:
        body: all of the body that came.
        broke: the client's error when the body broke off.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    broke: Exception | None

    @property
    def events(self) -> list[Any]:
        """The data of a stream's events."""
        lines = self.body.decode().splitlines()
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [item if item == "[DONE]" else json.loads(item) for item in data]

    @property
    def text(self) -> str:
        """What a good answer says, JSON or stream, in either dialect."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            message: Any = json.loads(self.body)
            said: str = (
                message["choices"][0]["message"]["content"]
                if "choices" in message
                else message["content"][0]["text"]
            )
            return said
        return "".join(map(_delta, self.events))

    @property
    def terminated(self) -> bool:
        """Whether a stream had its terminator."""
        last = self.events[-1]
        return last == "[DONE]" or last.get("type") == "message_stop"


def _delta(event: Any) -> str:
    if event == "[DONE]":
        return ""
    if "choices" in event:
        return "".join(choice["delta"].get("content", "") for choice in event["choices"])
    return event.get("delta", {}).get("text", "")


def request_body(text: str = "My lamp broke. [m-7]", *, stream: bool = False) -> dict[str, Any]:
    return {
        "model": "some-model",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
        "stream": stream,
    }


class Client:
    """Asks one upstream."""

    def __init__(self, upstream: HostileUpstream, session: aiohttp.ClientSession) -> None:
        self.upstream = upstream
        self.session = session

    async def ask(
        self,
        text: str = "My lamp broke. [m-7]",
        *,
        stream: bool = False,
        dialect: Dialect = "openai",
        most: int = 1_000_000,
    ) -> Got:
        """Ask, and read the answer to its end or until there are ``most`` bytes of it.

        Raises:
            aiohttp.ClientError: there was no response at all.
        """
        url = self.upstream.origin + PATHS[dialect]
        body, broke = bytearray(), None
        async with self.session.post(url, json=request_body(text, stream=stream)) as response:
            try:
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > most:
                        break
            except aiohttp.ClientError as error:
                broke = error
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Got(response.status, headers, bytes(body), broke)

    async def refused(self, *, stream: bool = False) -> aiohttp.ClientError:
        """Ask, and get no response at all."""
        with pytest.raises(aiohttp.ClientError) as caught:
            await self.ask(stream=stream)
        return caught.value


@asynccontextmanager
async def client_of(upstream: HostileUpstream) -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Client(upstream, session)
