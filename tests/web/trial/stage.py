"""The whole application in process, with two models on one server of the mind."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from asgi_lifespan import LifespanManager

from app.factory import create_app
from tests.wire.replies import TICKET
from tests.wire.service import PROBE, good, replied
from tests.wire.upstream import body_of, settings

BASE, OTHER = "some-model", "new-model"
EMAIL = {"text": "My lamp broke. My number is 4711."}
QUESTION = {
    "question": "How long does it last?",
    "documents": [{"text": "It lasts three years."}],
}
REVIEW = {"text": ["Das Produkt ist sehr gut."], "target_lang": "EN", "source_lang": "DE"}

Says = Callable[[list[dict[str, Any]]], str | httpx.Response | Exception]


def ticket(**changed: Any) -> str:
    """What a model writes for an email."""
    return json.dumps({**json.loads(TICKET), **changed})


def says(text: str | httpx.Response | Exception) -> Says:
    """A model that always says this."""
    return lambda _: text


@dataclass(slots=True)
class Stage:
    """A client of the service, and what became of the models' calls.

    Attributes:
        asked: calls to each model, without the gateway's own question.
        open: those under way.
        gates: what calls to a model wait for.
    """

    models: dict[str, Says]
    asked: Counter[str] = field(default_factory=Counter[str])
    open: Counter[str] = field(default_factory=Counter[str])
    gates: dict[str, asyncio.Semaphore] = field(default_factory=dict[str, asyncio.Semaphore])
    app: Any = None
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={})
        body = body_of(request)
        name = body["model"]
        if PROBE in body["messages"][-1]["content"]:
            return replied(good, body)
        self.asked[name] += 1
        self.open[name] += 1
        try:
            if gate := self.gates.get(name):
                await gate.acquire()
            said = self.models[name](body["messages"])
        finally:
            self.open[name] -= 1
        if isinstance(said, Exception):
            raise said
        return replied(lambda _: said, body)

    def close_gate(self, name: str = OTHER) -> asyncio.Semaphore:
        """From now on, a call to the model waits until it is let through."""
        gate = self.gates[name] = asyncio.Semaphore(0)
        return gate

    async def post(self, path: str = "/tickets", body: Any = None, key: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return await self.client.post(path, json=body or EMAIL, headers=headers)

    async def ready(self) -> dict[str, Any]:
        """What ``/readyz`` says."""
        return (await self.client.get("/readyz")).json()

    async def candidate(self) -> Mapping[str, Any]:
        return (await self.ready())["candidate"]

    async def shadow(self, *, of: int) -> Mapping[str, Any]:
        """What it says of the shadow, once so many requests have come to something."""
        async with asyncio.timeout(60):
            while True:
                shadow = (await self.candidate())["shadow"]
                kinds = shadow["features"].values()
                done = sum(each["compared"] + sum(each["problems"].values()) for each in kinds)
                if done + shadow["dropped"] >= of:
                    return shadow
                await asyncio.sleep(0.002)


@asynccontextmanager
async def stage(other: Says = good, base: Says = good, **others: Any) -> AsyncGenerator[Stage]:
    """The service.

    Args:
        other: what the model says that ``candidate`` or ``fallback`` names.
        base: what the base model says.
        others: settings.
    """
    made = Stage({BASE: base, OTHER: other})
    app = create_app(
        settings("openai", **others), open_http=lambda: httpx.MockTransport(made.answer)
    )
    async with LifespanManager(app) as running:
        made.app = running.app
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            made.client = client
            yield made
