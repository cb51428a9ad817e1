"""A stream that cannot be begun is a problem with a status, not a 200 without an event."""

from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from app.features.wire import Delta
from app.web.sse import event_stream
from tests.contract.serving import application, serving

HALF = Delta.model_construct(type="delta", text="\ud83d")  # half a character cannot be written
WHOLE = Delta(type="delta", text="x")


def speak(app: FastAPI, *events: Delta) -> None:
    """Give the application a path that streams these."""

    async def said() -> AsyncGenerator[Delta]:
        for event in events:
            yield event

    @app.post("/said")
    async def stream() -> StreamingResponse:  # pyright: ignore[reportUnusedFunction] # a route
        return await event_stream(said())


@pytest.mark.parametrize("events", [(HALF,), (HALF, WHOLE), ()], ids=["half", "more", "none"])
def test_what_cannot_be_said_at_first_is_a_problem(events: tuple[Delta, ...]) -> None:
    app = application()
    speak(app, *events)
    with serving(app) as client:
        response = client.post("/said")
    assert response.status_code == 500
    assert response.json()["code"] == "internal-error"


def test_what_cannot_be_said_later_is_the_last_event() -> None:
    app = application()
    speak(app, WHOLE, HALF, WHOLE)
    with serving(app) as client:
        response = client.post("/said")
    first, last = response.text.removesuffix("\n\n").split("\n\n")
    assert first.endswith('{"type":"delta","text":"x"}')
    assert '"type":"failed"' in last
    assert "internal-error" in last
