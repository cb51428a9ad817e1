"""What every request passes: its id, its timing, and the limit of its body. Pure ASGI."""

import re
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge
from app.gateway.ledger import open_ledger
from app.logs import set_request_id
from app.problems import problem_response

_SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


class RequestFrame:
    """Gives each response ``X-Request-ID`` and ``Server-Timing``; refuses too large bodies.

    A caller's own ``X-Request-ID`` is kept if it is 1 to 128 harmless characters. The body is
    read whole before the application runs, so that a refusal needs nothing of it.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ledger = open_ledger()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        sent_id = headers.get(b"x-request-id", b"")
        request_id = sent_id.decode() if _SANE_ID.fullmatch(sent_id) else uuid4().hex
        set_request_id(request_id)

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"server-timing", ledger.server_timing().encode()),
                ]
            await send(message)

        try:
            received = await self._read_body(headers, receive)
        except BodyTooLarge as error:
            await problem_response(error)(scope, receive, send_framed)
            return
        await self._app(scope, _replay(received, receive), send_framed)

    async def _read_body(self, headers: dict[bytes, bytes], receive: Receive) -> Message:
        """The whole body as one message."""
        announced = headers.get(b"content-length")
        if announced is None and b"transfer-encoding" not in headers:
            return {"type": "http.request", "body": b"", "more_body": False}
        if announced and announced.isdigit() and int(announced) > self._max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return {"type": "http.request", "body": b"".join(parts), "more_body": False}

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body may have at most {self._max_body_bytes} bytes.")


def _replay(first: Message, receive: Receive) -> Receive:
    pending = [first]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
