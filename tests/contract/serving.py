"""The application on a socket of its own, with an upstream that answers without one."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.factory import create_app
from tests.wire.replies import TICKET, cited_answer, openai_message, openai_stream
from tests.wire.upstream import body_of, settings

ANSWER = cited_answer("It lasts three years.", "It lasts three years.")


def speak(request: httpx.Request) -> httpx.Response:
    """A cited answer where one is asked for, else a ticket."""
    if request.method == "GET":
        return httpx.Response(200, json={})
    body = body_of(request)
    text = ANSWER if '"suggestions"' in body["messages"][0]["content"] else TICKET
    return openai_stream([text[:3], text[3:]]) if body.get("stream") else openai_message(text)


def application(**others: Any) -> FastAPI:
    """The application with the settings ``others``."""
    return create_app(settings("openai", **others), open_http=lambda: httpx.MockTransport(speak))


@contextmanager
def serving(app: FastAPI) -> Generator[httpx.Client]:
    """A client of ``app``, which a thread serves."""
    config = uvicorn.Config(app, port=0, http="h11", log_config=None, server_header=False)
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
