"""Plays the publisher's page: a file at its revision, over HTTP, with ranges, as badly as told."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from app.embedded.models import Model


@dataclass(slots=True)
class Page:
    """What the page does, and what it was asked.

    Attributes:
        content: the file's bytes.
        breaks: for each request in turn, after how many bytes the connection is closed.
        status: of its answers.
        knows_ranges: whether it heeds them.
        may_end: a transfer pauses halfway until this is set.
        ranges: the ``Range`` header of each request.
    """

    model: Model
    content: bytes
    breaks: list[int] = field(default_factory=list[int])
    status: int = 200
    knows_ranges: bool = True
    may_end: threading.Event = field(default_factory=threading.Event)
    ranges: list[str] = field(default_factory=list[str])
    endpoint: str = ""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = cast("_Server", self.server).page
        model = page.model
        page.ranges.append(self.headers["range"])
        known = self.path == f"/{model.repo}/resolve/{model.revision}/{model.file}"
        if not known or page.status != 200:
            self.send_error(page.status if known else 404)
            return
        start = int(page.ranges[-1].removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if page.knows_ranges else 200)
        content = page.content[start if page.knows_ranges else 0 :]
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        cut = page.breaks.pop(0) if page.breaks else len(content)
        self.wfile.write(content[: cut // 2])
        page.may_end.wait()
        self.wfile.write(content[cut // 2 : cut])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page: Page


@contextmanager
def published(page: Page) -> Generator[Page]:
    """Serve the page on a free port of loopback."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.page = page
        page.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield page
        finally:
            page.may_end.set()
            server.shutdown()
            thread.join()
