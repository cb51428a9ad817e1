"""Times that can be believed on a machine that has other things to do as well."""

import asyncio
import gc
import time
from collections.abc import Generator
from contextlib import contextmanager

_BEAT_SECONDS = 0.005


class Disturbance:
    """Notes for how long the event loop could not run although it wanted to.

    Only what the system gave to other processes: if a callback computes for long, that is the
    fault of what is tested.

    Attributes:
        seconds: in all.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._loop = asyncio.get_running_loop()
        self._beat()

    def _beat(self) -> None:
        self._wall, self._own = time.monotonic(), time.thread_time()
        self._next = self._loop.call_later(_BEAT_SECONDS, self._check)

    def _check(self) -> None:
        wall, own = time.monotonic() - self._wall, time.thread_time() - self._own
        self.seconds += max(0.0, wall - own - 2 * _BEAT_SECONDS)
        self._beat()

    def end(self) -> None:
        self._next.cancel()
        self._check()
        self._next.cancel()


@contextmanager
def undisturbed() -> Generator[Disturbance]:
    """No garbage is collected, which takes long with all that a test process has loaded."""
    gc.freeze()
    gc.disable()
    disturbance = Disturbance()
    try:
        yield disturbance
    finally:
        disturbance.end()
        gc.enable()
        gc.unfreeze()
