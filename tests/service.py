"""Start the service as an operator does, in a process of its own, on a free port."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from app.settings import PREFIX

T = TypeVar("T")

START_SECONDS = 300
MODEL = "embedded:gemma-3-270m"  # the default would take four times as long
PATIENT = {"timeout": "600", "first_token_timeout": "600"}  # for a real model on a busy machine
COMMAND = (str(Path(sys.executable).parent / "groundwork"), "serve")


@dataclass(frozen=True, slots=True)
class Service:
    process: psutil.Process
    client: httpx.Client

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def events(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        response = self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        frames = response.text.removesuffix("\n\n").split("\n\n")
        return [json.loads(frame.removeprefix("data: ")) for frame in frames]


@contextmanager
def run_service(
    folder: Path, command: Sequence[str] = COMMAND, **settings: str
) -> Generator[Service]:
    """The service in ``folder`` with ``settings``, ready; killed at the end."""
    port = free_port()
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    given = named(**{"model": MODEL, "port": str(port), **settings})
    given["XDG_DATA_HOME"] = str(folder)  # no batches of whoever runs the tests
    process = subprocess.Popen(command, env={**own, **given}, cwd=folder)
    family = psutil.Process(process.pid)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            _wait_until_ready(client, process)
            yield Service(family, client)
    finally:
        process.kill()
        process.wait()


def named(**settings: str) -> dict[str, str]:
    """Settings by the names of their variables."""
    return {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}


@asynccontextmanager
async def beside(manager: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """What ``manager`` gives, for tests whose own event loop serves the upstream."""
    given = await asyncio.to_thread(manager.__enter__)
    try:
        yield given
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("not ready in time")
