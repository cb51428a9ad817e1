"""Processes that are started, watched, and in every case ended."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.errors import BenchError

_START_SECONDS = 180.0
_STOP_SECONDS = 10.0
# A peer must neither see the operator's settings nor go through a proxy to reach the mock.
_HIDDEN = ("GROUNDWORK_", "OPENAI_", "ANTHROPIC_", "PYTHON", "VIRTUAL_ENV")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the measured server runs on, and which one the mock and the load."""

    server: int | None
    others: int | None

    @property
    def apart(self) -> bool:
        return self.server != self.others


def pick_cores() -> Cores:
    """Two different cores where the machine has them and the system can pin."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[-1], cores[0])


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    core: int | None

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """User and system time so far, with that of children."""
        times = [process.cpu_times() for process in self.family()]
        return sum(time.user + time.system for time in times)

    def rss_mb(self) -> float:
        return sum(process.memory_info().rss for process in self.family()) / 1024**2


def core_seconds(core: int | None) -> float:
    """Time that all processes, and the machine below ours, have taken of ``core`` so far."""
    if core is None:
        return 0.0
    times = psutil.cpu_times(percpu=True)[core]
    return times.user + times.nice + times.system + getattr(times, "steal", 0.0)


@contextmanager
def pinned(core: int | None) -> Generator[None]:
    """What is started inside runs on ``core``: a child inherits it before its first thread."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    port: int,
    env: Mapping[str, str],
    folder: Path,
    core: int | None,
) -> Generator[Server]:
    """A server that accepts connections on ``port``; ended at the end, with its children."""
    log = folder / f"{name}.log"
    with log.open("wb") as out, pinned(core):
        process = subprocess.Popen(
            command,
            env={**clean_environment(), **env},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours; we end it ourselves
        )
    server = Server(name, port, process, log, core)
    try:
        _wait_for(server)
        yield server
    finally:
        end(process)


def clean_environment() -> dict[str, str]:
    """Ours without what would change how a peer runs."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(_HIDDEN) and key.lower() not in _PROXIES
    }


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children: politely, then not."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def exit_on_sigterm() -> None:
    """Let a SIGTERM pass through the ``finally`` blocks, so that what was started is ended."""

    def leave(_number: int, _frame: object) -> None:
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_line(process: subprocess.Popen[bytes]) -> str:
    """The first line that a process prints."""
    assert process.stdout
    if not select.select([process.stdout], [], [], _STOP_SECONDS)[0]:
        raise BenchError("a process of the bench did not start")
    return process.stdout.readline().decode().strip()


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise BenchError(f"{server.name} ended at once:\n{tail(server.log)}")
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise BenchError(f"{server.name} did not start in {_START_SECONDS:.0f} s:\n{tail(server.log)}")


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])
