"""Messages between a server and an application (ASGI)."""

from typing import Final

from starlette.types import Message, Receive

START: Final = "http.response.start"
BODY: Final = "http.response.body"


def said_first(message: Message, then: Receive) -> Receive:
    """A caller who says this first."""
    messages = [message]

    async def receive() -> Message:
        return messages.pop() if messages else await then()

    return receive
