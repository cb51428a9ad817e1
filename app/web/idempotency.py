"""``Idempotency-Key`` (IETF httpapi, draft 06): a repeated POST gets the first one's reply. Pure ASGI."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import (
    GroundworkError,
    IdempotencyOff,
    InvalidHeader,
    RecordUnwritten,
    RequestError,
    UpstreamUnreachable,
)
from app.gateway.call import Call, current_call
from app.records import Hold, KeptReply, Replies
from app.records.replies import LARGEST
from app.web.bodies import STREAMED
from app.web.messages import BODY, START, said_first
from app.web.sse import is_last

log = logging.getLogger(__name__)

_NAME: Final = b"idempotency-key"
REPLAYED: Final = "idempotency-replayed"
_STRING: Final = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])+)"')  # RFC 8941, section 3.3.3
_BARE: Final = re.compile(rb"[!#-+\--:<-\[\]-~]+")  # as Stripe's clients send it
_LONGEST: Final = 255
_RENEW_SECONDS: Final = 5.0
_SHED: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Idempotency:
    """Stands within the frame of every request, around all that answers.

    A key is the tenant's; path, query and body make the request. The model and its adapter have no
    part in it: the same key has the same reply when they have changed meanwhile.
    """

    def __init__(self, app: ASGIApp, *, replies: Replies | None) -> None:
        self._app = app
        self._replies = replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] in STREAMED:
            await self._app(scope, receive, send)
            return
        key = key_of(scope["headers"])
        if key is None:
            await self._app(scope, receive, send)
            return
        call = current_call()
        if self._replies is None:
            msg = "The operator of this service keeps no replies: GROUNDWORK_STORE is not set. "
            raise IdempotencyOff(f"{msg}Leave out Idempotency-Key.")
        message = await receive()  # the frame gives the whole body in one
        request = (scope["path"].encode(), scope["query_string"], message.get("body", b""))
        taken = await asyncio.to_thread(self._replies.take, (call.tenant, key.encode()), request)
        if isinstance(taken, KeptReply):
            headers = [*taken.headers, (REPLAYED.encode(), b"true")]
            await send({"type": START, "status": taken.status, "headers": headers})
            await send({"type": BODY, "body": taken.body})
            return
        answered = _Answered(send, self._replies, taken, call)
        renewing = asyncio.create_task(answered.renew())
        try:
            await self._app(scope, said_first(message, receive), answered.send)
        finally:
            renewing.cancel()
            await answered.end()


class _Answered:
    """The first reply with a key, as it passes: kept before the caller has the whole of it.

    Where the store cannot be written, the caller gets the reply all the same.
    """

    def __init__(self, send: Send, replies: Replies, hold: Hold, call: Call) -> None:
        self._send = send
        self._replies = replies
        self._hold = hold
        self._call = call
        self._start: Message = {}
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_kept = False

    async def send(self, message: Message) -> None:
        if message["type"] == START:
            self._start = {**message}  # the frame adds to it
        else:
            body = message.get("body", b"")
            self._size += len(body)
            if self._size <= LARGEST:
                self._pieces.append(body)
            if not message.get("more_body", False) or is_last(body):
                await self._keep()
        await self._send(message)

    async def _keep(self) -> None:
        if self._is_kept or self._size > LARGEST or not _is_done(self._call.problem):
            return
        headers = [*self._start["headers"]]
        if self._call.answered_by:
            headers.append((b"x-model", self._call.answered_by.encode("ascii", "replace")))
        reply = KeptReply(self._start["status"], headers, b"".join(self._pieces))
        await self._write(self._replies.keep, reply, self._call.conversation_id)
        self._is_kept = True

    async def renew(self) -> None:
        """Hold the key until this is cancelled."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            await self._write(self._replies.renew)

    async def end(self) -> None:
        """Let go of the key, unless there is a reply to it."""
        if not self._is_kept:
            await self._write(self._replies.release)

    async def _write(self, change: Callable[..., None], *values: Any) -> None:
        try:
            await asyncio.to_thread(change, self._hold, *values)
        except RecordUnwritten as error:
            log.warning(
                "What belongs to an idempotency key could not be written: %s", error.upstream_note
            )


def _is_done(problem: type[GroundworkError] | None) -> bool:
    """Whether something was done that a repetition must not do again.

    Not where the request itself was wrong, the service shed it, or no model server was there.
    """
    if problem is None:
        return True
    return problem.status not in _SHED and not issubclass(
        problem, RequestError | UpstreamUnreachable
    )


def key_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key that a request has, if it has one.

    Raises:
        InvalidHeader: it is none.
    """
    sent = [value for name, value in headers if name == _NAME]
    if not sent:
        return None
    value = b",".join(sent).strip()
    if quoted := _STRING.fullmatch(value):
        key = re.sub(rb"\\(.)", rb"\1", quoted[1])
    else:
        key = value if _BARE.fullmatch(value) else b""
    if not 0 < len(key) <= _LONGEST:
        msg = "Idempotency-Key must be a string of 1 to 255 ASCII characters, such as "
        raise InvalidHeader(f'{msg}"8e03978e-40d5-43e8-bc93-6894a57f9324", quotes included.')
    return key.decode()
