"""The application on a socket of its own; and a model server on another, or none at all."""

import asyncio
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.factory import create_app
from app.web.connection import Connection
from tests.wire.service import Says, good, replied, upstream_that
from tests.wire.upstream import settings


def application(says: Says = good, **others: Any) -> FastAPI:
    """The application with the settings ``others``, on a model that answers without a socket."""
    return create_app(settings("openai", **others), open_http=lambda: upstream_that(says))


@contextmanager
def serving(app: FastAPI) -> Generator[httpx.Client]:
    """A client of ``app``, which a thread serves."""
    config = uvicorn.Config(app, port=0, http=Connection, log_config=None, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


class _ModelServer(BaseHTTPRequestHandler):
    """An OpenAI-compatible server."""

    protocol_version = "HTTP/1.1"

    def __init__(self, says: Says, *connection: Any) -> None:
        self._says = says
        super().__init__(*connection)

    def do_GET(self) -> None:
        self._reply("application/json", b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        kind = "text/event-stream" if body.get("stream") else "application/json"
        self._reply(kind, asyncio.run(replied(self._says, body).aread()))

    def _reply(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # the service hangs up once it has the answer's last event
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        """Keep quiet."""


@contextmanager
def model_server(says: Says = good, port: int = 0) -> Generator[str]:
    """The address of a model server for services in processes of their own."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_ModelServer, says))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
