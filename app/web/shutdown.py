"""Shutting down without losing what was accepted."""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from app.errors import ShuttingDown

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Shutdown:
    """From the first signal on, nothing new is accepted; after a grace period the rest is failed.

    The server itself (uvicorn) stops listening and waits for the requests under way; this gives
    them an end.
    """

    def __init__(self, grace: float) -> None:
        """Allow ``grace`` seconds to what was accepted."""
        self.begun = False  # a signal came
        self._grace = grace
        self._end: asyncio.Task[None] | None = None

    @contextmanager
    def watching(self, abort: Callable[[ShuttingDown], Awaitable[None]]) -> Generator[None]:
        """Watch for signals in this block; ``abort`` fails what is under way.

        The handlers that were there are called as well; where there were none, nobody but us would
        end the process, so it is left at once. Outside the main thread, where signals cannot be
        watched, nothing happens.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _SIGNALS}

        def on_signal(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin, abort)
            earlier: Any = before[signal.Signals(number)]
            if callable(earlier):
                earlier(number, frame)
            elif earlier is signal.SIG_DFL:
                sys.exit(128 + number)

        for number in _SIGNALS:
            signal.signal(number, on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._end:
                self._end.cancel()

    def _begin(self, abort: Callable[[ShuttingDown], Awaitable[None]]) -> None:
        if not self.begun:
            self.begun = True
            self._end = asyncio.get_running_loop().create_task(self._abort_later(abort))

    async def _abort_later(self, abort: Callable[[ShuttingDown], Awaitable[None]]) -> None:
        await asyncio.sleep(self._grace)
        log.warning("Requests were not finished within the %g s of grace.", self._grace)
        await abort(ShuttingDown("The service is shutting down and could not finish this."))


def end_with_parent() -> None:
    """In a worker process, end when its parent is gone, however it went; elsewhere, nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
