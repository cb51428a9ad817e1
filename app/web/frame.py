"""What every request passes: its id, its wishes, its timing, its limits. Pure ASGI."""

import asyncio
import logging
import re
from secrets import token_hex

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.callers import UNNAMED, Door, Limiter
from app.errors import GroundworkError, InvalidHeader, ShuttingDown
from app.gateway.call import Call, cache_status, read_cache_control, set_call
from app.web.bodies import STREAMED, Bodies, Body
from app.web.forms import key_inside
from app.web.logs import set_request_id
from app.web.problems import logged, problem_response, restate
from app.web.shutdown import Shutdown

log = logging.getLogger(__name__)

_SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_SECONDS = re.compile(rb"\d{1,9}(?:\.\d{1,20})?")
_LEAST_SECONDS = 0.001
_MOST_SECONDS = 86_400.0
_UNLIMITED = frozenset({"GET", "HEAD", "OPTIONS"})  # they ask no model
_NOSNIFF = (b"x-content-type-options", b"nosniff")  # what we say that it is, it is

INSIDE = "groundwork.call"
"""In the scope of a request that the service makes to itself, its :class:`Call`; the body is whole."""

Headers = dict[bytes, bytes]


class RequestFrame:
    """Gives each request its :class:`Call`, and each response the headers that tell of it.

    A caller's own ``X-Request-ID`` is kept if it is 1 to 128 harmless characters. The door says who
    may come in, by the headers alone; the body is read whole before the application runs; then the
    connection is watched, and when the caller leaves, the application is cancelled.
    """

    def __init__(
        self, app: ASGIApp, *, bodies: Bodies, shutdown: Shutdown, door: Door, limiter: Limiter
    ) -> None:
        self._app = app
        self._bodies = bodies
        self._shutdown = shutdown
        self._door = door
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if inside := scope.get(INSIDE):
            set_call(inside)
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(reversed(scope["headers"]))  # the first of a name counts
        call = Call(tenant=headers.get(b"authorization", b""))
        set_call(call)
        sent_id = headers.get(b"x-request-id", b"")
        request_id = sent_id.decode() if _SANE_ID.fullmatch(sent_id) else token_hex(16)
        set_request_id(request_id)
        response = _Response(send, call, request_id)
        with Body(self._bodies) as body:
            try:
                message = await self._entered(scope, headers, call, body, receive)
            except GroundworkError as error:
                if scope["path"] in self._door.borrowed:
                    restate(error)
                await problem_response(logged(error))(scope, receive, response.send)
            else:
                await self._run(scope, message, receive, response)
            finally:
                if call.allowance:
                    await call.allowance.leave()

    async def _entered(
        self, scope: Scope, headers: Headers, call: Call, body: Body, receive: Receive
    ) -> Message | None:
        """What a request holds that may come in, and has a place within its caller's limits.

        None where the endpoint reads it.
        """
        caller = self._door.admit(scope, headers)
        self._read_wishes(headers, call)
        message = await body.read(headers, receive) if caller is UNNAMED else None
        if message:
            caller = self._door.identify(await key_inside(scope, message), scope["path"])
        call.enter(caller)
        if scope["method"] not in _UNLIMITED:
            call.allowance = self._limiter.allowance(caller)
        if call.allowance:
            await call.allowance.enter()
        if message is None and scope["path"] not in STREAMED:
            message = await body.read(headers, receive)
        return message

    def _read_wishes(self, headers: Headers, call: Call) -> None:
        if self._shutdown.begun:
            raise ShuttingDown("The service is shutting down.")
        if (timeout := headers.get(b"x-request-timeout")) is not None:
            call.timeout = _seconds(timeout)
        if wishes := headers.get(b"cache-control"):
            call.cache = read_cache_control(wishes.decode("latin-1"))

    async def _run(
        self, scope: Scope, body: Message | None, receive: Receive, response: "_Response"
    ) -> None:
        """Run the application until it has answered or its caller has left.

        By ASGI 2.4, ``send`` fails when the caller has left: so Starlette needs no task of its
        own to watch for that, for each stream.
        """
        scope = {**scope, "asgi": {"version": "3.0", "spec_version": "2.4"}}
        if scope["method"] == "HEAD":  # is GET, of which the server sends no content (RFC 9110)
            scope["method"] = "GET"
        pending = [body] if body else []
        watcher: asyncio.Task[None] | None = None
        if body and body.get("body"):  # without one there is nothing that takes long
            watcher = asyncio.get_running_loop().create_task(response.watch(receive))

        async def replay() -> Message:
            if pending:
                return pending.pop()
            if watcher:
                await watcher
            return {"type": "http.disconnect"} if watcher else await receive()

        try:
            await self._app(scope, replay, response.send)
        except asyncio.CancelledError:
            if not response.caller_left:
                raise
            response.task.uncancel()
            log.info("The caller left before the answer.")
        except Exception as error:
            # Starlette would answer further out, without our headers, and close the connection.
            if response.started or response.caller_left:
                raise
            await problem_response(logged(error))(scope, replay, response.send)
        finally:
            if watcher:
                watcher.cancel()


class _Response:
    """What is sent back, and whether anybody is there to take it."""

    def __init__(self, send: Send, call: Call, request_id: str) -> None:
        self._send = send
        self._call = call
        self._request_id = request_id.encode()
        self._ended = False
        task = asyncio.current_task()
        assert task  # noqa: S101 # an ASGI application runs in a task
        self.task = task  # runs the application
        self.started = False  # the status is on the way
        self.caller_left = False  # the connection was closed before the end

    async def send(self, message: Message) -> None:
        if self.caller_left:
            raise OSError("The caller left.")
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *self._headers()]
        elif not message.get("more_body", False):
            self._ended = True
        await self._send(message)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        call = self._call
        timing = call.server_timing().encode()
        headers = [(b"x-request-id", self._request_id), (b"server-timing", timing), _NOSNIFF]
        if call.outcomes:
            headers.append((b"cache-status", cache_status(call.outcomes).encode()))
        if call.allowance:
            headers += call.allowance.headers()
        if call.answered_by:
            headers.append((b"x-model", call.answered_by.encode("ascii", "replace")))
        return headers

    async def watch(self, receive: Receive) -> None:
        """Wait until the connection is closed; where that is too early, cancel the application."""
        while (await receive())["type"] != "http.disconnect":
            pass
        if not self._ended:
            self.caller_left = True
            self.task.cancel()


def _seconds(value: bytes) -> float:
    seconds = float(value) if _SECONDS.fullmatch(value) else 0.0
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise InvalidHeader("X-Request-Timeout must be seconds, from 0.001 to 86400, such as 2.5.")
    return seconds
