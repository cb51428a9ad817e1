"""Whether the model server can be asked: what it answers to a ping, and how often it is pinged."""

import asyncio
from contextlib import aclosing

import httpx
import pytest

from app.provision import make_gateway
from tests.wire.upstream import settings

PATHS = {
    "openai": "https://api.openai.com/v1/models",
    "anthropic": "https://api.anthropic.com/v1/models",
}


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(200), None),
        (httpx.Response(404), None),
        (httpx.Response(405), None),
        (httpx.Response(401), "does not accept the key"),
        (httpx.Response(503), "status 503"),
        (httpx.Response(500), "status 500"),
        (httpx.ConnectError("refused"), "No connection"),
    ],
    ids=["ok", "unknown path", "unknown method", "key", "loading", "broken", "down"],
)
async def test_ping(provider: str, answer: httpx.Response | Exception, problem: str | None) -> None:
    asked: list[str] = []

    def upstream(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx.MockTransport(upstream)
    async with aclosing(make_gateway(settings(provider), None, lambda: http)) as gateway:
        found = await asyncio.gather(*[gateway.problem() for _ in range(20)])
    assert asked == [PATHS[provider]], "many who ask at once share one ping"
    assert len(set(found)) == 1
    assert found[0] is None if problem is None else problem in str(found[0])
