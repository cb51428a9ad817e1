"""The whole application in process, without a socket."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from fastapi import FastAPI

from app.settings import Settings

_START_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.05


@asynccontextmanager
async def in_process(app: FastAPI, settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application; of an embedded model, once it is loaded, or fetched."""
    patience = _START_SECONDS if settings.model_name.provider == "embedded" else 0.0
    until = time.monotonic() + patience
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: dict[str, Any], receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(with_state)  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=transport, base_url="http://groundwork") as client:
            while time.monotonic() < until and (await client.get("/readyz")).is_error:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
            yield client
