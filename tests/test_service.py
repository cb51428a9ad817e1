"""The service on the embedded model: a real uvicorn, a real socket, ended with kill -9."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.features.tickets.schemas import Ticket
from app.settings import PREFIX

START_SECONDS = 300
DOCUMENT = {"text": "The warranty lasts three years."}


@dataclass(frozen=True, slots=True)
class Service:
    process: psutil.Process
    client: httpx.Client


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
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


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "groundwork"), "serve"],
        env={**own, f"{PREFIX}PORT": str(port)},
        cwd=tmp_path_factory.mktemp("service"),
    )
    family = psutil.Process(process.pid)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            wait_until_ready(client, process)
            yield Service(family, client)
    finally:
        process.kill()
        process.wait()


def post(service: Service, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = service.client.post(path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["x-request-id"]
    for kind in ("queue", "upstream", "own"):
        assert f"{kind};dur=" in response.headers["server-timing"]
    answer = response.json()
    assert answer["model"]
    assert answer["usage"]["output_tokens"] > 0
    return answer


def test_ticket_is_valid(service: Service) -> None:
    ticket = post(service, "/tickets", {"text": "My Lumo lamp does not switch on. Please help."})
    assert Ticket.model_validate(ticket).product in {None, "Lumo lamp", "Lumo"}


def test_answer_comes_from_the_document(service: Service) -> None:
    question = "How long does the warranty last?"
    answer = post(service, "/answers", {"question": question, "documents": [DOCUMENT]})
    assert "three" in answer["answer"].lower()


def test_stream_ends_in_one_terminal_event(service: Service) -> None:
    body = {"question": "How long does the warranty last?", "documents": [DOCUMENT]}
    response = service.client.post("/answers/stream", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = response.text.strip().split("\n\n")
    kinds = [json.loads(frame.removeprefix("data: "))["type"] for frame in frames]
    assert kinds[-1] == "completed"
    assert set(kinds[:-1]) <= {"delta"}


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (httpx.Request("GET", "/nowhere"), 404, "not-found"),
        (httpx.Request("GET", "/tickets"), 405, "method-not-allowed"),
        (httpx.Request("POST", "/tickets", content=b"{"), 415, "unsupported-media-type"),
        (httpx.Request("POST", "/tickets", json={"text": 1}), 422, "request-invalid"),
    ],
    ids=["path", "method", "media-type", "field"],
)
def test_bad_requests_are_problems(
    service: Service, request_: httpx.Request, status: int, code: str
) -> None:
    response = service.client.request(
        request_.method, request_.url.path, content=request_.content, headers=request_.headers
    )
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


def test_kill_leaves_no_child(service: Service) -> None:
    children = service.process.children(recursive=True)
    assert children, "the engine is a child process"
    service.process.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
