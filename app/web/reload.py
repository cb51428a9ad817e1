"""Reading something anew on SIGHUP, as servers do, and putting other routes in the place of some."""

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

log = logging.getLogger(__name__)


class Routes:
    """A part of an application's routes that can be exchanged while it serves."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._shown: list[BaseRoute] = []

    def show(self, routers: Iterable[APIRouter]) -> None:
        """Have these routers in the place of the last ones, from the next request on.

        What is under way goes on; the OpenAPI document follows.
        """
        routes = self._app.router.routes
        before = [*routes]
        for router in routers:
            self._app.include_router(router)
        new, gone = routes[len(before) :], set(map(id, self._shown))
        at = next((at for at, route in enumerate(before) if id(route) in gone), len(before))
        routes[:] = [*before[:at], *new, *(route for route in before[at:] if id(route) not in gone)]
        self._shown = new
        self._app.openapi_schema = None


@contextmanager
def on_hangup(reload: Callable[[], Awaitable[None]]) -> Generator[None]:
    """Call ``reload`` at each SIGHUP in this block, one after another.

    Outside the main thread, and on systems without that signal, nothing happens. Of several
    workers, uvicorn's supervisor takes the signal: it starts new ones, and keeps the old ones if a
    new one does not start.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "SIGHUP"):
        yield
        return
    loop, lock = asyncio.get_running_loop(), asyncio.Lock()
    running: set[asyncio.Task[None]] = set()

    async def in_turn() -> None:
        async with lock:
            await reload()

    def on_signal() -> None:
        task = loop.create_task(in_turn())
        running.add(task)
        task.add_done_callback(running.discard)

    loop.add_signal_handler(signal.SIGHUP, on_signal)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        for task in running:
            task.cancel()
