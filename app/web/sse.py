"""Server-sent events to our callers: data-only events whose JSON has a ``type``."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.web.problems import Problem, logged, problem_of


def documented_events(event: Any) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that streams ``event``, a named union of models."""
    content: dict[str, Any] = {"text/event-stream": {}}  # app.web.openapi puts the model there
    return {200: {"description": "A stream of events", "model": event, "content": content}}


async def event_stream(
    events: AsyncGenerator[BaseModel], failed: Callable[[Problem], BaseModel]
) -> StreamingResponse:
    """A response that streams ``events``, the last of which is the terminal one.

    The first event is awaited here: what fails before it is an ordinary problem response. What
    fails later becomes one terminal event, made by ``failed``.
    """
    try:
        first = await anext(events)
    except BaseException:
        await events.aclose()
        raise
    return StreamingResponse(
        _frames(first, events, failed),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _frames(
    first: BaseModel, events: AsyncGenerator[BaseModel], failed: Callable[[Problem], BaseModel]
) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        yield _frame(first)
        try:
            async for event in events:
                yield _frame(event)
        except Exception as error:  # noqa: BLE001 # whatever it is, the stream must say so
            yield _frame(failed(problem_of(logged(error))))


def _frame(event: BaseModel) -> bytes:
    return b"data: " + event.__pydantic_serializer__.to_json(event) + b"\n\n"
