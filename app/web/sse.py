"""Server-sent events to our callers: data-only events whose JSON has a ``type``."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal, Union

from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from app.gateway.call import current_call
from app.web.problems import Problem, logged, problem_of

_ENDS: Final = (b'data: {"type":"completed"', b'data: {"type":"failed"')


class Failed(BaseModel):
    """The end of a stream that failed."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: Literal["failed"]
    problem: Problem


def documented_events(name: str, *kinds: Any) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that streams such events, or ``Failed`` as the last one.

    OpenAPI calls their union after ``name``, and tells them apart by their ``type``.
    """
    union: Any = Annotated[Union[*kinds, Failed], Field(discriminator="type")]
    make: Any = TypeAliasType
    content: dict[str, Any] = {"text/event-stream": {}}  # app.web.openapi puts the model there
    event = make(f"{name}Event", union)
    return {200: {"description": "A stream of events", "model": event, "content": content}}


async def event_stream(events: AsyncGenerator[BaseModel]) -> StreamingResponse:
    """A response that streams ``events``, the last of which is the terminal one.

    The first event is made here: what fails before or with it is an ordinary problem response. What
    fails later becomes the terminal event.
    """
    try:
        first = _frame(await anext(events))
    except BaseException:
        await events.aclose()
        raise
    return StreamingResponse(
        _frames(first, events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _frames(first: bytes, events: AsyncGenerator[BaseModel]) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        yield first
        try:
            async for event in events:
                yield _frame(event)
        except Exception as error:  # noqa: BLE001 # whatever it is, the stream must say so
            problem = logged(error)
            current_call().problem = type(problem)
            yield _frame(Failed(type="failed", problem=problem_of(problem)))


def _frame(event: BaseModel) -> bytes:
    return b"data: " + event.__pydantic_serializer__.to_json(event) + b"\n\n"


def is_last(frame: bytes) -> bool:
    """Whether these are the bytes of a terminal event."""
    return frame.startswith(_ENDS)
