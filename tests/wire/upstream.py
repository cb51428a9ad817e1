"""An upstream of the mind: respx behind an injected client, and prompts to ask it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import respx
from pydantic import SecretStr
from pydantic_core import from_json

from app.gateway import (
    Completion,
    ModelGateway,
    OutputSchema,
    Prompt,
    PromptPrefix,
    Shot,
    Turn,
    Untrusted,
)
from app.provision import make_gateway
from app.settings import Settings

URLS = {
    "openai": "https://api.openai.com/v1/chat/completions",
    "anthropic": "https://api.anthropic.com/v1/messages",
}
KEY = "secret-of-the-upstream"
TURN = Turn("user", (Untrusted("My lamp broke."), "In one word."))
SCHEMA = (
    '{"type":"object","properties":{"word":{"type":"string","maxLength":80}},"required":["word"]}'
)
PROMPTS: dict[str, Prompt] = {
    "json": Prompt(
        PromptPrefix("json", "Name it.", (Shot("A.", "B."),), OutputSchema("word", SCHEMA)), (TURN,)
    ),
    "text": Prompt(PromptPrefix("text", "Name it.", (Shot("A.", "B."),)), (TURN,)),
}
PROMPT = PROMPTS["text"]


def settings(provider: str, **others: Any) -> Settings:
    once: dict[str, Any] = {"max_retries": 0}  # what one call makes of an answer
    return Settings(model=f"{provider}:some-model", api_key=SecretStr(KEY), **{**once, **others})


@asynccontextmanager
async def gateway_to(
    answer: Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception, provider: str
) -> AsyncGenerator[tuple[ModelGateway, respx.Route]]:
    """A gateway whose upstream gives ``answer``, and the route that counts its calls."""
    router = respx.MockRouter()
    route = router.post(URLS[provider])
    if isinstance(answer, httpx.Response):
        route.return_value = answer
    else:
        route.side_effect = answer
    http = httpx.MockTransport(router.async_handler)
    gateway = make_gateway(settings(provider), None, lambda: http)
    try:
        yield gateway, route
    finally:
        await gateway.aclose()


async def completed(answer: Any, provider: str, prompt: Prompt = PROMPT) -> Completion:
    """What the gateway reads out of ``answer``."""
    async with gateway_to(answer, provider) as (gateway, _):
        return await gateway.complete(prompt)


async def streamed(answer: Any, provider: str, prompt: Prompt = PROMPT) -> tuple[str, Completion]:
    """The pieces of a streamed ``answer``, joined, and its completion."""
    pieces: list[str] = []
    last: Completion | None = None
    async with gateway_to(answer, provider) as (gateway, _):
        async for chunk in gateway.stream(prompt):
            assert last is None, "nothing comes after the completion"
            pieces.append(chunk.text)
            last = chunk.completion
    assert last
    return "".join(pieces), last


async def sent(answer: Any, provider: str, prompt: Prompt, *, stream: bool) -> httpx.Request:
    """The request that the gateway sends for ``prompt``."""
    ask: Callable[..., Awaitable[object]] = streamed if stream else completed
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        response: httpx.Response = answer
        return response

    await ask(keep, provider, prompt)
    (request,) = requests
    return request


def body_of(request: httpx.Request) -> dict[str, Any]:
    body: dict[str, Any] = from_json(request.content)
    return body


class Frames(httpx.AsyncByteStream):
    """A stream's events, which come one by one."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = frames

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for frame in self._frames:
            yield frame


def events(*data: str, named: bool = False) -> httpx.Response:
    """A ``text/event-stream`` response."""
    frames = [
        (f"event: {from_json(item)['type']}\n" if named else "") + f"data: {item}\n\n"
        for item in data
    ]
    stream = Frames([frame.encode() for frame in frames])
    return httpx.Response(200, stream=stream, headers={"content-type": "text/event-stream"})
