"""A model that says what it is told to, on the whole application; and what it was asked."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.wire.service import service_on

MARKED: Final = re.compile(r"\[([0-9a-f]{8})\]\n(.*?)\n\[/\1\]", re.DOTALL)
LAMP: Final = {
    "id": "lamp",
    "title": "Lumo lamp: warranty",
    "url": "https://lumo.example/w",
    "text": "The warranty of the Lumo lamp lasts three years. Keep the receipt.",
}
CARE: Final = {"title": "Lumo lamp: care", "text": "Wipe it with a dry cloth. Code E7 is heat."}
QUESTION: Final = "How long does the warranty of the lamp last?"
BODY: Final[dict[str, Any]] = {"question": QUESTION, "documents": [LAMP, CARE]}

DOWN: Final = httpx.Response(500, text="out of order")
TOO_LONG: Final = httpx.Response(400, json={"error": {"code": "context_length_exceeded"}})


@dataclass
class Model:
    """Says one thing after the other, and the last one again.

    Attributes:
        says: answers to questions.
        query: what it searches for.
        asked: the whole messages of its calls for answers.
        searched: the last message of its calls for queries.
    """

    says: list[str | httpx.Response]
    query: str | httpx.Response = "warranty"
    asked: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])
    searched: list[str] = field(default_factory=list[str])

    def __call__(self, messages: list[dict[str, Any]]) -> str | httpx.Response:
        last = messages[-1]["content"]
        if "Search query in" in last:
            self.searched.append(last)
            return self.query
        self.asked.append(messages)
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    @property
    def questions(self) -> list[str]:
        """The last messages of its calls for answers."""
        return [messages[-1]["content"] for messages in self.asked]

    @property
    def read(self) -> list[str]:
        """What stood between the first marks of those."""
        return [found[2] for text in self.questions if (found := MARKED.search(text))]


@asynccontextmanager
async def desk(
    *says: str | httpx.Response, query: str | httpx.Response = "warranty", **settings: Any
) -> AsyncGenerator[tuple[httpx.AsyncClient, Model]]:
    """A client of the service, and the model behind it."""
    model = Model(list(says), query)
    async with service_on(model, **settings) as client:
        yield client, model


async def answer(*says: str | httpx.Response, **body: Any) -> tuple[dict[str, Any], Model]:
    """A good answer to a request, and the model that was asked."""
    async with desk(*says) as (client, model):
        response = await client.post("/answers", json=BODY | body)
        assert response.status_code == 200, response.text
        return response.json(), model


async def stream(client: httpx.AsyncClient, **body: Any) -> list[dict[str, Any]]:
    """The events of a stream."""
    response = await client.post("/answers/stream", json=BODY | body)
    assert response.status_code == 200, response.text
    frames = response.text.removesuffix("\n\n").split("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]
