"""The whole service, but for its features: endpoints that put a plain prompt to the gateway."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Any

import httpx
import uvicorn
from asgi_lifespan import LifespanManager
from fastapi import Body, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import SecretStr

from app.factory import create_app
from app.gateway import ModelGateway
from app.settings import Settings
from app.web.connection import Connection
from tests.gateway.support import answer_prompt, until
from tests.hostile.behaviours import Behaviour, Good
from tests.hostile.calls import Call
from tests.hostile.upstream import HostileUpstream, Script

Text = Annotated[str, Body(embed=True)]


def plain_app(upstream: HostileUpstream, **settings: Any) -> FastAPI:
    """The application on ``upstream``, with ``POST /whole`` and ``POST /stream``.

    Its ``state.under_way`` counts the former.
    """
    chosen = Settings(
        model="openai:m", base_url=upstream.base_url, api_key=SecretStr("k"), **settings
    )
    app = create_app(chosen, features=(), open_http=upstream.http)
    app.state.under_way = 0

    @app.post("/whole")
    async def whole(request: Request, text: Text) -> dict[str, str]:
        gateway: ModelGateway = request.state.gateway
        app.state.under_way += 1
        try:
            return {"text": (await gateway.complete(answer_prompt(text))).text}
        finally:
            app.state.under_way -= 1

    @app.post("/stream")
    async def stream(request: Request, text: Text) -> StreamingResponse:
        gateway: ModelGateway = request.state.gateway

        async def pieces() -> AsyncGenerator[str]:
            async with aclosing(gateway.stream(answer_prompt(text))) as chunks:
                async for chunk in chunks:
                    yield chunk.text

        return StreamingResponse(pieces())

    del whole, stream
    return app


def but_for_the_probe(behaviour: Behaviour) -> Script:
    """Treat every call so, but for the service's own question at its start."""

    def script(call: Call) -> Behaviour:
        return (
            Good('{"word": "heliotrope-4711"}') if "capital of France" in call.text else behaviour
        )

    return script


@asynccontextmanager
async def in_process(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application, without a socket."""
    async with LifespanManager(app) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[int]:
    """The application on a port of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=Connection, log_config=None))
        serving = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving
