"""A model server that does to its clients whatever a script says, on a real socket.

``memory`` has the same without one.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import httpx

from app.gateway.transport import open_http
from tests.hostile.behaviours import Behaviour, Ending, Scene
from tests.hostile.calls import PATHS, Call, Complaint, good_output, read_call
from tests.hostile.connection import Connection, Request, answer
from tests.hostile.voices import failure_body

Script = Callable[[Call], Behaviour]

_PINGS = {"/v1/models", "/health"}


def _now() -> float:
    return asyncio.get_running_loop().time()


class Line(Protocol):
    """A client's connection, as the upstream sees it."""

    @property
    def client_left(self) -> float | None: ...

    async def send(self, data: bytes) -> None: ...

    def send_now(self, data: bytes) -> None: ...

    def reset(self) -> None: ...

    def abort(self) -> None: ...

    def done(self, *, keep: bool) -> None: ...


@dataclass(slots=True, eq=False)
class CallRecord:
    """What became of a call; all times are of the event loop.

    Attributes:
        call: what was asked.
        behaviour: how it was treated.
        arrived: when all of the request was there.
        started: when it got a slot; None while it waits for one.
        answered: when the kernel had the whole answer; None if there never was a whole one.
        client_left: when the client was seen to go away before the end; None if it did not.
        ended: when the upstream was done with it, for whatever reason.
    """

    call: Call
    behaviour: Behaviour
    arrived: float
    started: float | None = None
    answered: float | None = None
    client_left: float | None = None
    ended: float | None = None

    @property
    def finished(self) -> bool:
        """Whether all of a response was sent and, where it is a stream, its terminator."""
        return self.answered is not None


class HostileUpstream:
    """Speaks OpenAI chat completions and Anthropic messages; see :func:`hostile_upstream`.

    Attributes:
        script: says how each call is treated; may be replaced at any time.
        calls: what became of each call, in order of arrival.
        complaints: what was wrong with requests that a real upstream would not take, or with
            the script; a test should end with none.
        in_flight: calls that have arrived and are not done with, including those that wait for
            a slot.
        most_in_flight: the most that there ever were.
    """

    def __init__(
        self, script: Script, reply: Callable[[Call], str], slots: int | None, service_time: float
    ) -> None:
        self.script = script
        self.calls: list[CallRecord] = []
        self.complaints: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._reply = reply
        self._slots = asyncio.Semaphore(slots) if slots is not None else nullcontext()
        self._service_time = service_time
        self._connections: set[Line] = set()
        self._work: set[asyncio.Task[Ending]] = set()
        self._quiet = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        assert self._server, "it is not open"
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    @property
    def base_url(self) -> str:
        """The base URL as OpenAI's clients want it; the origin is what Anthropic's want."""
        return f"{self.origin}/v1"

    @property
    def open_connections(self) -> int:
        """How many connections clients hold open now, busy or idle."""
        return len(self._connections)

    def http(self) -> httpx.AsyncBaseTransport:
        """What a gateway asks it by."""
        return open_http()

    async def open(self, port: int = 0) -> None:
        """Listen on this port, or a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, backlog=1024
        )

    async def close(self) -> None:
        """Stop listening, drop all connections, end all work."""
        assert self._server, "it is not open"
        self._server.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for _ in range(3):  # what was just accepted takes some rounds to show itself
            await asyncio.sleep(0)
        for connection in tuple(self._connections):
            connection.abort()
        if self._connections or self._work:
            self._quiet.clear()
            await self._quiet.wait()
        await self._server.wait_closed()

    def opened(self, connection: Line) -> None:
        self._connections.add(connection)

    def closed(self, connection: Line) -> None:
        self._connections.discard(connection)
        self._tell_if_quiet()

    def _tell_if_quiet(self) -> None:
        if not (self._connections or self._work):
            self._quiet.set()

    def misunderstood(self, error: ValueError) -> None:
        self.complaints.append(f"not HTTP as it is spoken here: {error}")

    def asked(self, connection: Line, request: Request) -> asyncio.Task[Ending] | None:
        if request.method == "GET" and request.path in _PINGS:
            connection.send_now(answer(b"{}"))
            return None
        try:
            call = read_call(request, len(self.calls))
            behaviour = self._behaviour(call)
        except Complaint as complaint:
            self.complaints.append(str(complaint))
            dialect = PATHS.get(request.path, "openai")
            connection.send_now(answer(failure_body(dialect, 400, str(complaint)), status=400))
            return None
        return self._start(CallRecord(call, behaviour, _now()), connection)

    def _behaviour(self, call: Call) -> Behaviour:
        try:
            behaviour = self.script(call)
        except Exception as error:
            raise Complaint(f"the script failed: {error!r}") from error
        if not behaviour.fits(stream=call.stream):
            kind = "a stream" if call.stream else "a whole answer"
            raise Complaint(f"the script's {behaviour} does not fit a call for {kind}")
        return behaviour

    def _start(self, record: CallRecord, connection: Line) -> asyncio.Task[Ending]:
        self.calls.append(record)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        task = asyncio.get_running_loop().create_task(self._treat(record, connection))
        self._work.add(task)
        task.add_done_callback(partial(self._ended, record, connection))
        return task

    async def _treat(self, record: CallRecord, connection: Line) -> Ending:
        behaviour = record.behaviour
        if not behaviour.takes_slot:
            return await self._play(record, connection, behaviour.delay)
        async with self._slots:
            return await self._play(record, connection, self._service_time + behaviour.delay)

    async def _play(self, record: CallRecord, connection: Line, delay: float) -> Ending:
        record.started = _now()
        if delay:
            await asyncio.sleep(delay)
        ending = await record.behaviour.play(Scene(record.call, connection, self._reply))
        if ending is Ending.FINISHED:
            record.answered = _now()
        return ending

    def _ended(self, record: CallRecord, connection: Line, task: asyncio.Task[Ending]) -> None:
        # Here and not in the task, which may be cancelled before it begins.
        self._work.discard(task)
        self.in_flight -= 1
        record.ended = _now()
        if task.cancelled():
            record.client_left = connection.client_left
            connection.done(keep=False)
        elif error := task.exception():
            self.complaints.append(f"{record.behaviour} failed: {error!r}")
            connection.done(keep=False)
        else:
            connection.done(keep=task.result() is not Ending.BROKEN)
        self._tell_if_quiet()


@asynccontextmanager
async def hostile_upstream(
    script: Script,
    *,
    reply: Callable[[Call], str] = good_output,
    slots: int | None = None,
    service_time: float = 0.0,
) -> AsyncGenerator[HostileUpstream]:
    """A hostile upstream on a free port of 127.0.0.1, in this event loop.

    Args:
        script: says how each call is treated when it arrives.
        reply: what a good answer says, unless the behaviour has a text of its own.
        slots: how many calls are worked on at once; the others wait, first come first served.
            Calls that get no answer but a status or a reset do not wait.
        service_time: seconds of work for each call, before its behaviour's delay.
    """
    upstream = HostileUpstream(script, reply, slots, service_time)
    await upstream.open()
    try:
        yield upstream
    finally:
        await upstream.close()
