"""The parent's side of the embedded engine: starts it, asks for its health, starts it again, ends it.

A process that ends, or does not answer any more, is replaced by a new one at the same address.
"""

import asyncio
import http.client
import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from pydantic_core import to_json

from app.embedded.adapters import AdapterFile, slots_of
from app.embedded.machine import fitting_slots, require_parts, this_machine
from app.embedded.models import find_model
from app.errors import ConfigurationError

log = logging.getLogger(__name__)

READY: Final = "ready"
_RESTART_SECONDS: Final = 1.0
_LONGEST_RESTART_SECONDS: Final = 60.0  # twice as long after each start that failed
_STOP_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05
# How long a thread that waits for the others keeps its CPU (libgomp's own: 100 times as long). It
# costs 5 % of the tokens per second on an idle machine; on a busy one it is the difference between
# slow and not at all, as the others need that very CPU.
_PATIENCE: Final = {"GOMP_SPINCOUNT": "3000"}


@dataclass(frozen=True, slots=True)
class Health:
    """How often the engine is asked; by default, one that hangs is found within 8 seconds.

    Missed answers are counted, not timed: a pause of the whole machine is none of the engine's.
    """

    interval: float = 1.0  # seconds between an answer and the next question
    timeout: float = 1.5  # seconds that an answer may take
    misses: int = 3  # answers in a row

    def is_lost(self, port: int, life: threading.Thread) -> bool:
        """Ask the server on ``port`` until it hangs (True), or ``life`` ends before (False)."""
        missed = 0
        while missed < self.misses:
            life.join(self.interval)
            if not life.is_alive():
                return False
            missed = 0 if self._answers(port) else missed + 1
        return True

    def _answers(self, port: int) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.timeout)
        with closing(connection):
            try:
                connection.request("GET", "/health")
                connection.getresponse()
            except (OSError, http.client.HTTPException):
                return False
        return True


@dataclass(frozen=True, slots=True)
class ChildConfig:
    """What the child process is told: all that was decided, where and to whom to listen."""

    cache_dir: Path
    model: str
    slots: int
    context: int
    threads: int
    adapters: tuple[Path, ...]
    port: int
    key: str = field(repr=False)


class Engine:
    """A running or starting engine. Usable from threads and from an event loop alike.

    Its server is at ``base_url`` for as long as this object lives, and asks for ``key``;
    ``generation`` counts how often its process was found gone.
    """

    def __init__(
        self,
        cache_dir: Path,
        model: str = "",
        *,
        slots: int | None = None,
        context: int | None = None,
        threads: int | None = None,
        adapters: Sequence[AdapterFile] = (),
        health: Health | None = None,
    ) -> None:
        """Check what the engine needs, and decide what the operator left open.

        By default there are as many slots as the model's row says and the memory holds, each with
        the tokens of context that the row says, and a thread for each CPU. ``model`` is as for
        :func:`~app.embedded.models.find_model`, ``cache_dir`` the folder for the weights.

        Raises:
            ConfigurationError: the model is unknown, or a package or a system library is missing.
        """
        require_parts()
        row, machine = find_model(model), this_machine()
        if row.sha256 is None and not Path(row.file).is_file():
            raise ConfigurationError(f"GROUNDWORK_MODEL: there is no file {row.file}.")
        context = context or row.context
        self.name = row.name
        self.slots = slots or fitting_slots(row, context, machine)  # requests worked on at once
        kept = fitting_slots(row, context, machine, least=slots_of(adapters))
        self.key = secrets.token_urlsafe(32)
        self.generation = 0
        self._config = ChildConfig(
            cache_dir=cache_dir.absolute(),
            model=row.file if row.sha256 is None else row.name,
            slots=slots or max(self.slots, kept),
            context=context,
            threads=threads or machine.cpus,
            adapters=tuple(adapter.path for adapter in adapters),
            port=_free_port(),
            key=self.key,
        )
        self.base_url = f"http://127.0.0.1:{self._config.port}"
        self._health = health or Health()
        self._loaded = threading.Event()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._watcher = threading.Thread(target=self._watch, name="engine", daemon=True)
        self._problem: str | None = "The embedded model is starting."

    def start(self) -> None:
        """Start the process and watch it; returns at once."""
        self._process = self._spawn()
        self._watcher.start()

    def wait(self, timeout: float) -> bool:
        """Wait until the model is loaded, at most ``timeout`` seconds."""
        return self._loaded.wait(timeout)

    async def up(self) -> None:
        """Wait, in an event loop, until it can be asked."""
        while self._problem:  # noqa: ASYNC110 # it is another thread that changes it
            await asyncio.sleep(_POLL_SECONDS)

    def problem(self) -> str | None:
        """Why the engine cannot answer now, or None."""
        return self._problem

    def stop(self) -> None:
        """End the process and wait for its end."""
        self._stopping.set()
        if self._process is None:
            return
        _close(self._process.stdin)
        self._watcher.join(_STOP_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._watcher.join()

    def _spawn(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.embedded.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_PATIENCE | os.environ,
            start_new_session=True,  # Ctrl-C is for the parent, which then closes our stdin
        )
        with suppress(OSError):  # a process that died at once is noticed by its end
            if process.stdin:
                process.stdin.write(to_json(self._config).decode() + "\n")
                process.stdin.flush()
        return process

    def _watch(self) -> None:
        pause = _RESTART_SECONDS
        while self._process:
            reason = self._attend(self._process)
            if self._stopping.is_set():
                return
            pause = _RESTART_SECONDS if self._loaded.is_set() else pause * 2
            self._problem = f"The embedded model stopped: {reason}"
            self._loaded.clear()
            self.generation += 1  # last: whoever sees it sees the problem, too
            log.error("%s Starting it again.", self._problem)
            if self._stopping.wait(min(pause, _LONGEST_RESTART_SECONDS)):
                return
            self._process = self._spawn()

    def _attend(self, process: subprocess.Popen[str]) -> str:
        """Follow one process to its end, or make an end of it; gives the reason."""
        last_words: deque[str] = deque(maxlen=3)
        drain = threading.Thread(target=_collect, args=(process.stderr, last_words), daemon=True)
        drain.start()
        self._follow_start(process)
        hangs = self._loaded.is_set() and self._health.is_lost(self._config.port, drain)
        if hangs:
            process.kill()
        code = process.wait()
        drain.join(1)
        for stream in (process.stdin, process.stdout, process.stderr):
            _close(stream)
        return "it does not answer." if hangs else " ".join(last_words) or f"exit code {code}."

    def _follow_start(self, process: subprocess.Popen[str]) -> None:
        """Report what it says it does, until it listens or ends."""
        for line in process.stdout or ():
            if line.strip() == READY:
                self._problem = None
                self._loaded.set()
                return
            self._problem = line.strip()
            log.info("%s", self._problem)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _collect(stream: IO[str] | None, into: deque[str]) -> None:
    for line in stream or ():
        if line.strip():
            into.append(line.strip())


def _close(stream: IO[str] | None) -> None:
    with suppress(OSError):  # the process was gone before it read all
        if stream:
            stream.close()
