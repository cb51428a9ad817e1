"""Schemathesis over the running service: no 5xx and nothing that the document does not say.

The upstream is a real server on a real socket that answers at once: what is tried here is our own
side, with hundreds of requests, and the embedded model would take an hour for them.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.features import tickets
from tests.service import run_service
from tests.wire.replies import cited_answer, openai_message, openai_stream

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
CONFIG = Path(__file__).with_name("schemathesis.toml")
TICKET = tickets.FEATURE.examples[0].output.model_dump_json()


def said(body: dict[str, Any]) -> str:
    """What the model says: a ticket, nothing of a caller's own fields, no idea, or a text."""
    instruction = body["messages"][0]["content"]
    if "support emails into tickets" in instruction:
        return TICKET
    if '"suggestions"' in instruction:
        return cited_answer("No idea.", action="unknown")
    if "support emails" not in instruction:
        return "Good."
    wanted: list[str] = schema_in(body)["required"]
    return json.dumps(dict.fromkeys(wanted))


def schema_in(body: dict[str, Any]) -> dict[str, Any]:
    """The schema of a call, however it is asked for."""
    if "json_schema" in body.get("response_format", {}):
        return body["response_format"]["json_schema"]["schema"]
    if "tools" in body:
        return body["tools"][0]["function"]["parameters"]
    schema: dict[str, Any] = json.loads(
        body["messages"][0]["content"].partition("JSON Schema: ")[2] or '{"required": []}'
    )
    return schema


class Upstream(BaseHTTPRequestHandler):
    """An OpenAI-compatible server whose model says the same to everyone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply("application/json", b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = said(body)
        answer = openai_stream([text]) if body.get("stream") else openai_message(text)
        kind = "text/event-stream" if body.get("stream") else "application/json"
        self._reply(kind, answer.content)

    def _reply(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the service hangs up once it has the answer's last event
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        """Keep quiet."""


@pytest.fixture
def upstream() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_service_keeps_to_its_document(upstream: str, tmp_path: Path) -> None:
    feedback = str(tmp_path / "feedback.jsonl")
    with run_service(
        tmp_path, model="openai:any", base_url=upstream, feedback=feedback, knowledge="sample"
    ) as service:
        address = str(service.client.base_url).rstrip("/")
        run = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"),
                f"--config-file={CONFIG}",
                "run",
                f"{address}/openapi.json",
                "--max-examples=40",
                "--seed=1",
                "--no-color",
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-9000:]
    assert re.search(r"\b(\d{3,}) generated, \1 passed", run.stdout), run.stdout[-2000:]
