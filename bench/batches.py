"""``python -m bench.batches``: how fast, and at what price, rows of a batch are answered.

Tickets. Beside each other in one run: the ideal (places by the model's seconds), a plain script
that asks the same model, callers who ask one by one, and the batch, kept in SQLite and PostgreSQL.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from itertools import count
from typing import Any, Final

from bench.cases import CASE, EMAIL, MARK
from bench.errors import BenchError
from bench.measure import Driver, Plan, job_for, percentile
from bench.places import ROOT, RUN
from bench.processes import (
    Cores,
    Server,
    clean_environment,
    exit_on_sigterm,
    free_port,
    pick_cores,
    pinned,
    running,
)
from bench.prompts import export_prompts
from bench.run import say
from bench.subjects import GROUNDWORK
from bench.upstream import Mock, running_mock
from tests.postgres import running_postgres

_PLACES: Final = 32
_DELAYS: Final = (20, 100)  # of the model, in milliseconds
_LOOKS: Final = 2_000  # at /healthz, for what HTTP costs
_ASKED_A_SECOND: Final = 20  # by callers who wait, while a batch runs
_PATIENCE: Final = 600.0
_TICKET: Final = GROUNDWORK.questions({})[0]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done, at each of the delays."""

    rows: tuple[int, int]
    seconds: float  # of callers who ask one by one


_WHOLE, _QUICK = Scale((20_000, 5_000), 8.0), Scale((3_000, 1_000), 4.0)


@dataclass(frozen=True, slots=True)
class Alone:
    """What there is without a batch: rows a second of the script and of callers, CPU ms, p95 ms."""

    script: float
    callers: float
    cpu: float
    http: float
    p95: float


class Bench:
    """A server on its core, and what is asked of it."""

    def __init__(self, server: Server, mock: Mock, cores: Cores, scale: Scale) -> None:
        self._server, self._mock, self._scale = server, mock, scale
        self._cores = cores
        self._driver = Driver(cores.others)
        self._numbers = count(50_000_000)
        self.body: Any = export_prompts(server, mock)["tickets"]

    def alone(self, delay: int, rows: int) -> Alone:
        """Measure without a batch."""
        self._mock.set_delay(delay)
        script = self._script(rows)
        plan = Plan(connections=_PLACES)
        job = replace(job_for(self._server.port, _TICKET, plan), seconds=self._scale.seconds)
        self._driver.run("warm", replace(job, seconds=1.0))
        cpu = self._server.cpu_seconds()
        full = self._driver.run("callers", job)
        cpu = (self._server.cpu_seconds() - cpu) / full.sent * 1000
        return Alone(script, full.sent / full.elapsed, cpu, self._http(), self._p95())

    def batch(self, delay: int, rows: int, alone: Alone) -> str:
        """A row of the table: a batch alone, then one beside callers who wait."""
        self._mock.set_delay(delay)
        memory = self._server.rss_mb()
        with self._watched() as peak:
            cpu = -self._server.cpu_seconds()
            batch = self._begin(rows)
            took_in, begun = self._server.cpu_seconds() + cpu, time.monotonic()
            cpu = -self._server.cpu_seconds()
            self._until_ended(batch)
            seconds = time.monotonic() - begun
            cpu = (cpu + self._server.cpu_seconds()) / rows * 1000
        beside = self._begin(round(rows * (1 + self._scale.seconds / seconds)))
        time.sleep(1)
        p95 = self._p95()
        self._end(beside)
        rate, ideal = rows / seconds, _PLACES / delay * 1000
        cells = [
            f"{rate:,.0f}",
            f"{rate / ideal:.2f}",
            f"{alone.script / ideal:.2f}",
            f"{rate / alone.script:.2f}",
            f"{rate / alone.callers:.2f}",
            f"{cpu:.3f}",
            f"{cpu / (alone.cpu - alone.http):.2f}",
            f"{took_in / rows * 1000:.3f}",
            f"{max(peak) - memory:.0f}",
            f"{p95:.1f}",
            f"{p95 / alone.p95:.2f}",
        ]
        return " | ".join(cells)

    def _script(self, rows: int) -> float:
        """Rows a second of the plain script, which has the server's core while it runs."""
        text = json.dumps(self.body, ensure_ascii=False)
        at = text.rindex(MARK.decode())
        body = text[:at] + CASE + text[at + len(CASE) :]
        given = {"port": self._mock.port, "body": body, "rows": rows, "places": _PLACES}
        with pinned(self._cores.server):
            process = subprocess.run(
                [sys.executable, "-m", "bench.direct"],
                cwd=ROOT,
                env=clean_environment(),
                input=json.dumps(given).encode(),
                stdout=subprocess.PIPE,
                timeout=_PATIENCE,
                check=True,
            )
        return rows / float(process.stdout)

    def _http(self) -> float:
        """CPU ms of a request that does nothing."""
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=_PATIENCE)
        cpu = -self._server.cpu_seconds()
        for _ in range(_LOOKS):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        connection.close()
        return (cpu + self._server.cpu_seconds()) / _LOOKS * 1000

    def _p95(self) -> float:
        """Milliseconds that callers wait who ask now and then."""
        plan = Plan(connections=_PLACES)
        job = replace(job_for(self._server.port, _TICKET, plan), seconds=self._scale.seconds)
        return percentile(
            self._driver.run("waiting", replace(job, rate=_ASKED_A_SECOND)).latencies, 95
        )

    def _begin(self, rows: int) -> str:
        email = json.dumps({"params": EMAIL}).encode()
        before, mark, after = email.partition(CASE.encode())
        numbers = (mark[:-8] + b"%08d" % next(self._numbers) for _ in range(rows))
        content = b"\n".join(before + number + after for number in numbers)
        headers = {"content-type": "application/x-ndjson"}
        return self._asked("POST", "/batches?feature=tickets", content, headers)["id"]

    def _until_ended(self, batch: str) -> None:
        while (found := self._asked("GET", f"/batches/{batch}"))["status"] == "in_progress":
            time.sleep(0.1)
        if found["request_counts"]["failed"] or found["status"] != "completed":
            raise BenchError(f"the batch ended so: {found}")

    def _end(self, batch: str) -> None:
        found = self._asked("GET", f"/batches/{batch}")
        if found["status"] != "in_progress":
            raise BenchError("the batch ended before those who waited beside it")
        self._asked("POST", f"/batches/{batch}/cancel")
        while self._asked("GET", f"/batches/{batch}")["status"] == "cancelling":
            time.sleep(0.1)

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=_PATIENCE)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status >= 300:
            raise BenchError(f"{method} {path}: {response.status} {content[:500]!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    @contextmanager
    def _watched(self) -> Generator[list[float]]:
        """The server's memory in MB, while the block runs."""
        seen, is_over = [self._server.rss_mb()], threading.Event()

        def watch() -> None:
            while not is_over.wait(0.05):
                seen.append(self._server.rss_mb())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen
        finally:
            is_over.set()
            thread.join()


_HEAD: Final = (
    "| Kept in, model | rows/s | to ideal | script to ideal | to script | to callers "
    "| CPU ms/row | to a call less HTTP | CPU ms/row taken in | RSS MB | p95 ms | to alone |"
)


@contextmanager
def _served(database: str, mock: Mock, cores: Cores) -> Generator[Server]:
    port = free_port()
    start = GROUNDWORK.start(port, mock.base_url)
    env = {
        **start.env,
        "GROUNDWORK_DATABASE": database,
        "GROUNDWORK_MAX_CONCURRENCY": str(_PLACES),
    }
    with running(
        "batches", start.command, port=port, env=env, folder=RUN, core=cores.server
    ) as server:
        yield server


def _measure(name: str, database: str, mock: Mock, cores: Cores, scale: Scale) -> None:
    for delay, rows in zip(_DELAYS, scale.rows, strict=True):
        with _served(database, mock, cores) as server:
            bench = Bench(server, mock, cores, scale)
            alone = bench.alone(delay, rows)
            say(f"{name}, {delay} ms, alone: {alone}")
            print(f"| {name}, {delay} ms | {bench.batch(delay, rows, alone)} |", flush=True)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows: about two minutes")
    scale = _QUICK if parser.parse_args().quick else _WHOLE
    exit_on_sigterm()
    RUN.mkdir(parents=True, exist_ok=True)
    cores, file = pick_cores(), RUN / "batches.db"
    for each in RUN.glob("batches.db*"):
        each.unlink()
    print(f"{_HEAD}\n|---|{'---:|' * (_HEAD.count('|') - 2)}")
    try:
        with running_mock(cores.others) as mock:
            _measure("SQLite", f"sqlite:///{file}", mock, cores, scale)
            with pinned(cores.others):
                server = running_postgres("fsync=on", "full_page_writes=on")
                with server as postgres:
                    _measure("PostgreSQL", postgres.new_database(), mock, cores, scale)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print(
        f"\n{scale.rows[0]:,} and {scale.rows[1]:,} tickets, {_PLACES} places; the server, or the "
        "script, on one core, all others on another. HTTP is what a request for /healthz costs. "
        f"p95: callers who ask {_ASKED_A_SECOND} times a second while a batch runs. The goals are "
        "0.90 of the ideal, 1.5 calls' CPU, 60 MB and 1.2 times the p95."
    )


if __name__ == "__main__":
    main()
