"""Whether the service can answer requests now."""

import asyncio
from collections.abc import Callable, Iterable

Check = Callable[[], str | None]

_POLL_SECONDS = 0.05


class Readiness:
    """A list of checks; each gives the reason why the service is not ready, or None."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)

    def problem(self) -> str | None:
        """The first reason why requests cannot be answered now."""
        return next(filter(None, (check() for check in self._checks)), None)

    async def wait(self, seconds: float) -> None:
        """Wait until all is ready, or until ``seconds`` have passed."""
        try:
            async with asyncio.timeout(seconds):
                while self.problem():  # noqa: ASYNC110 # what is watched is no event
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            return
