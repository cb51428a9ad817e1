"""The service with tickets alone, on a model that says what a test wants."""

import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from asgi_lifespan import LifespanManager

from app.factory import create_app
from app.features import tickets
from tests.wire.replies import openai_message
from tests.wire.upstream import body_of, settings

PROBE = "capital of France"  # the gateway's own question in the background
READING: dict[str, Any] = {
    "issue": "Lamp flickers",
    "product": None,
    "urgency": "medium",
    "category": "defect",
    "sentiment": "neutral",
    "summary": "The lamp flickers.",
    "entities": [],
    "questions": [],
    "injection": None,
}

MARKED = re.compile(r"\[([0-9a-f]{8})\]\n(.*)\n\[/\1\]", re.DOTALL)

Body = dict[str, Any]
Says = Callable[[Body], str | httpx.Response]


def said(**fields: Any) -> str:
    """What a model writes, with some fields of its own."""
    return json.dumps(READING | fields, ensure_ascii=False)


def email_in(body: Body) -> str:
    """All that a call's last turn says."""
    text: str = body["messages"][-1]["content"]
    return text


def shown(body: Body) -> str:
    """What stands between the marks of a call's last turn."""
    found = MARKED.search(email_in(body))
    assert found
    return found[2]


@asynccontextmanager
async def service(
    says: Says, **others: Any
) -> AsyncGenerator[tuple[httpx.AsyncClient, list[Body]]]:
    """A client of the service, and the bodies of the calls to the model.

    Args:
        says: what the model answers to a call, or how its server fails.
        others: settings.
    """
    asked: list[Body] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={})
        body = body_of(request)
        if PROBE in email_in(body):
            return openai_message('{"word": "heliotrope-4711"}')
        asked.append(body)
        words = says(body)
        return words if isinstance(words, httpx.Response) else openai_message(words)

    app = create_app(
        settings("openai", **others),
        features=[tickets],
        open_http=lambda: httpx.MockTransport(answer),
    )
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(running.app), base_url="http://service"
        ) as client,
    ):
        yield client, asked


async def ticket_of(
    email: str | Body, reading: str | Says | None = None, **others: Any
) -> tuple[Body, list[Body]]:
    """The ticket of an email, and the calls that it took."""

    def says(body: Body) -> str | httpx.Response:
        return reading(body) if callable(reading) else reading or said()

    async with service(says, **others) as (client, asked):
        body = {"text": email} if isinstance(email, str) else email
        response = await client.post("/tickets", json=body)
        assert response.status_code == 200, response.text
        return response.json(), asked


def operator_s(folder: Path, *, products: str = "", intents: Body | None = None) -> dict[str, str]:
    """Settings that name files with an operator's products and intents."""
    (folder / "products.txt").write_text(products, "utf-8")
    lines = [{"name": name, "description": meaning} for name, meaning in (intents or {}).items()]
    (folder / "intents.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return {"products": str(folder / "products.txt"), "intents": str(folder / "intents.jsonl")}
