"""The application, whose requests are answered by way of a batch, as rows of a bulk are."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from starlette.types import Receive, Scope, Send

from app.factory import create_app
from app.gateway import Compiled, ModelGateway, Prompt
from app.gateway.batching import ANSWER, Answer, Answered, Compiling, ProviderBatches
from app.provision import make_batches
from app.settings import Settings
from tests.gateway.batching.provider import Dialect, Provider
from tests.gateway.batching.stage import submitted
from tests.wire.upstream import settings


class StoodIn:
    """An application in which another may stand in for the gateway, as in the shadow's requests."""

    def __init__(self, given: Settings) -> None:
        self.gateway: object = None
        self.live: Any = None
        self._app = create_app(given)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.live = scope["state"]["gateway"]
            if self.gateway:
                scope = {**scope, "state": {**scope["state"], "gateway": self.gateway}}
        await self._app(scope, receive, send)


@dataclass
class Rows:
    """Requests as rows.

    Attributes:
        kept: answers by key, as JSON: what a store would have.
        compiled: how many prompts each row had for the batch.
    """

    provider: Provider
    given: Settings
    app: StoodIn
    client: httpx.AsyncClient
    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    compiled: list[int] = field(default_factory=list[int])

    @property
    def live(self) -> ModelGateway:
        gateway: ModelGateway = self.app.live
        return gateway

    async def post(self, path: str, body: Any, gateway: object = None) -> Any:
        """The reply to a request."""
        self.app.gateway = gateway
        reply = (await self.client.post(path, json=body)).json()
        reply.pop("message_id", None)  # is new each time
        return reply

    async def batched(self, path: str, *bodies: Any) -> list[Any]:
        """The replies to requests by way of a batch."""
        batches = make_batches(self.given, self.live)
        prompts: list[Prompt] = []
        for body in bodies:
            compiling = Compiling(self.live, path.removeprefix("/"))
            try:
                await self.post(path, body, compiling)
            except Compiled:
                prompts += compiling.prompts.values()
            self.compiled.append(len(compiling.prompts))
            self._keep(compiling.answers)
        await self._through(batches, prompts)
        return [
            await self.post(path, body, Answered(self.live, batches, self._find)) for body in bodies
        ]

    async def _through(self, batches: ProviderBatches, prompts: list[Prompt]) -> None:
        names = await submitted(batches, prompts)
        self.provider.end()
        for name in names:
            async for key, outcome in batches.results(name):
                self._keep({key: outcome})

    def _keep(self, answers: Any) -> None:
        self.kept |= {key: ANSWER.dump_json(answer) for key, answer in answers.items()}

    async def _find(self, key: str) -> Answer | None:
        found = self.kept.get(key)
        return ANSWER.validate_json(found) if found else None


@asynccontextmanager
async def rows_on(provider: Provider, dialect: Dialect, **others: Any) -> AsyncGenerator[Rows]:
    """The whole service on the provider, with the settings ``others``."""
    given = settings(dialect, **others)
    app = StoodIn(given)
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        await client.get("/healthz")
        yield Rows(provider, given, app, client)
