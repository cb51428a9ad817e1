"""The load: asks over keep-alive connections and verifies every answer.

A process of its own: reads a :class:`Job` as JSON from stdin, prints an :class:`Outcome`.
Closed loop: each connection asks again as soon as it has its answer. Paced (``rate``): requests
start at fixed times whatever the answers do, and count from the time they were due.
"""

import asyncio
import json
import sys
from collections import deque
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

from bench.cases import DIGITS, MARK, NONE
from bench.mock import fine_loop

_GRACE_SECONDS = 15.0  # for answers that are still out when the time is over
_END = b"0\r\n\r\n"  # of a chunked body


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask; ``body`` has the mark and zeros where each request's own number goes."""

    port: int
    path: str
    body: str
    expect: tuple[str, ...]
    connections: int
    seconds: float
    first_number: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    first_delta: str | None = None
    count: int | None = None
    rate: float | None = None


@dataclass(slots=True)
class Outcome:
    """What came of a job; times in seconds, ``firsts`` to the first token of a stream."""

    sent: int = 0
    elapsed: float = 0.0
    latencies: list[float] = field(default_factory=list[float])
    firsts: list[float] = field(default_factory=list[float])
    errors: list[str] = field(default_factory=list[str])


class _Connection(asyncio.Protocol):
    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._transport: Any = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, request: bytes, number: bytes, due: float) -> None:
        self._busy = True
        self._number, self._due = number, due
        self._buffer = b""
        self._length = 0  # of the whole response; 0: not known yet, -1: chunked
        self._first: float | None = None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        delta = self._load.first_delta
        if delta and self._first is None and delta in buffer:
            self._first = perf_counter() - self._due
        if not self._length:
            self._length = _length_of(buffer)
        if self._length > 0:
            ended = len(buffer) >= self._length
        else:
            ended = self._length < 0 and buffer.endswith(_END)
        if ended:
            self._busy = False
            self._load.finished(self, buffer, self._number, self._due, self._first)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self, busy=self._busy, reason=repr(exc))


def _length_of(buffer: bytes) -> int:
    end = buffer.find(b"\r\n\r\n") + 4
    if end < 4:
        return 0
    head = buffer[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    return -1 if at < 0 else end + int(head[at + 17 : head.index(b"\r\n", at + 2)])


class _Load:
    def __init__(self, job: Job) -> None:
        self.first_delta = job.first_delta.encode() if job.first_delta else None
        self.outcome = Outcome()
        self._job = job
        self._expect = [text.encode() for text in job.expect]
        body = job.body.encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in job.headers.items())
        head = (
            f"POST {job.path} HTTP/1.1\r\nhost: 127.0.0.1:{job.port}\r\naccept: */*\r\n"
            f"{headers}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        before, mark, after = (head.encode() + body).rpartition(MARK + NONE)
        self._before, self._after = before + mark[:-DIGITS], after
        self._free: list[_Connection] = []
        self._waiting: deque[float] = deque()  # when the requests without a connection were due
        self._out = 0
        self._until = 0.0
        self._done = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for _ in range(self._job.connections):
            _, connection = await loop.create_connection(
                lambda: _Connection(self), "127.0.0.1", self._job.port
            )
            self._free.append(connection)
        start = perf_counter()
        self._until = start + self._job.seconds
        try:
            async with asyncio.timeout(self._job.seconds + _GRACE_SECONDS):
                if self._job.rate:
                    await self._pace(start, 1 / self._job.rate)
                else:
                    while self._free and self._may_ask():
                        self._ask(self._free.pop(), perf_counter())
                if self._out:
                    await self._done.wait()
        except TimeoutError:
            self._fail(f"{self._out + len(self._waiting)} requests have no answer")
        self.outcome.elapsed = perf_counter() - start
        return self.outcome

    async def _pace(self, due: float, interval: float) -> None:
        while due < self._until:
            await asyncio.sleep(due - perf_counter())
            if self._free:
                self._ask(self._free.pop(), due)
            else:
                self._waiting.append(due)
            due += interval
        self._until = 0.0  # from here on the last answer ends the run

    def _may_ask(self) -> bool:
        count = self._job.count
        return (count is None or self.outcome.sent < count) and perf_counter() < self._until

    def _ask(self, connection: _Connection, due: float) -> None:
        number = b"%0*d" % (DIGITS, self._job.first_number + self.outcome.sent)
        self.outcome.sent += 1
        self._out += 1
        connection.ask(self._before + number + self._after, number, due)

    def finished(
        self, by: _Connection, response: bytes, number: bytes, due: float, first: float | None
    ) -> None:
        now = perf_counter()
        self._out -= 1
        self.outcome.latencies.append(now - due)
        if self.first_delta:
            self.outcome.firsts.append(first or 0.0)
        if not (
            response.startswith(b"HTTP/1.1 200 ")
            and number in response
            and all(text in response for text in self._expect)
            and (first or not self.first_delta)
        ):
            self._fail(_shown(response))
        if self._waiting:
            self._ask(by, self._waiting.popleft())
        elif self._job.rate is None and self._may_ask():
            self._ask(by, perf_counter())
        else:
            self._free.append(by)
            self._end_if_over()

    def lost(self, connection: _Connection, *, busy: bool, reason: str) -> None:
        if busy:
            self._out -= 1
            self._fail(f"connection lost: {reason}")
            self._end_if_over()
        elif connection in self._free:
            self._free.remove(connection)

    def _end_if_over(self) -> None:
        if not self._out and (self._job.rate is None or not self._until):
            self._done.set()

    def _fail(self, what: str) -> None:
        self.outcome.errors.append(what)


def _shown(response: bytes) -> str:
    return "unexpected answer: " + response[:1500].decode(errors="replace")


async def _run(job: Job) -> Outcome:
    return await _Load(job).run()


if __name__ == "__main__":
    given = json.loads(sys.stdin.read())
    with asyncio.Runner(loop_factory=fine_loop) as runner:
        print(json.dumps(asdict(runner.run(_run(Job(**given))))))
