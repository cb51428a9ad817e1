"""The service in a process of its own, on the hostile upstream: its ``/batches``, and rows for it."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx

from tests.fire.crowd import marker
from tests.hostile.calls import good_text, marker_of
from tests.hostile.upstream import CallRecord, HostileUpstream
from tests.service import Service, run_service

LINES = {"content-type": "application/x-ndjson"}
_ENDED = frozenset({"completed", "expired", "cancelled"})


def lines(numbers: Iterable[int], text: str = "My lamp broke. {}") -> Iterator[bytes]:
    """Tickets as JSON Lines, each with its marker; ``{}`` in the text is where it stands."""
    for number in numbers:
        row = {"custom_id": str(number), "params": {"text": text.replace("{}", marker(number))}}
        yield json.dumps(row).encode() + b"\n"


def right(number: int) -> str:
    """The issue that a good model finds in a row."""
    return good_text(marker(number))


def starting(
    upstream: HostileUpstream, folder: Path, database: str, model: str = "m", **settings: str
) -> AbstractContextManager[Service]:
    """The service, as an operator starts it; killed with -9 at the end."""
    return run_service(
        folder,
        model=f"openai:{model}",
        base_url=upstream.base_url,
        api_key="k",
        database=database,
        log_level="error",
        **settings,
    )


def begin(
    client: httpx.Client, content: Any, headers: Mapping[str, str] = LINES, **query: Any
) -> str:
    """The id of a batch of tickets that has begun."""
    asked = {"feature": "tickets", **query}
    response = client.post("/batches", content=content, params=asked, headers=headers)
    assert response.status_code == 201, response.text
    return response.json()["id"]


def state(client: httpx.Client, batch: str) -> dict[str, Any]:
    response = client.get(f"/batches/{batch}")
    assert response.status_code == 200, response.text
    return response.json()


def results(client: httpx.Client, batch: str, **query: int) -> Sequence[bytes]:
    """The lines."""
    response = client.get(f"/batches/{batch}/results", params=query)
    assert response.status_code == 200, response.text
    return response.content.splitlines()


async def until_ended(client: httpx.Client, batch: str, seconds: float = 300) -> dict[str, Any]:
    """How the batch ended."""
    async with asyncio.timeout(seconds):
        while True:
            found = await asyncio.to_thread(state, client, batch)
            if found["status"] in _ENDED:
                return found
            await asyncio.sleep(0.2)


def answered(calls: Iterable[CallRecord]) -> Counter[str]:
    """How often each row was answered well, by its marker."""
    good = (
        each.call for each in calls if each.finished and type(each.behaviour).__name__ == "Good"
    )
    return Counter(marker_of(call.text) for call in good if marker_of(call.text))
