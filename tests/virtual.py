"""Time that tests need not wait for: an event loop in which, when all wait, it is later at once.

looptime was looked at: three plugins for pytest and pytest-asyncio, of which we would use a loop.
"""

import asyncio
import selectors
from typing import Final

ON_VIRTUAL_TIME: Final = "asyncio", {"loop_factory": lambda: VirtualLoop()}
"""What a fixture named ``anyio_backend`` gives, whose tests are to run so."""

_STUCK_SECONDS: Final = 5.0


def now() -> float:
    """The running loop's time, for whatever takes a clock."""
    return asyncio.get_running_loop().time()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still while there is something to do, and else jumps."""

    def __init__(self) -> None:
        self._now = 1000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Make it later."""
        self._now += seconds


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; or, if nothing is, what is after ``timeout`` seconds of the loop's."""
        ready = super().select(_STUCK_SECONDS if timeout is None else 0)
        if not ready:
            if timeout is None:
                raise RuntimeError("Everybody waits, and nobody will ever come.")
            self._loop.pass_time(timeout)
        return ready
