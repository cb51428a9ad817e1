"""Whether the service can answer requests now."""

import asyncio
from collections.abc import Awaitable, Callable

Check = Callable[[], Awaitable[str | None]]

_POLL_SECONDS = 0.05


class Readiness:
    """Asks a check, which gives the reason why the service is not ready, or None."""

    def __init__(self, check: Check) -> None:
        self._check = check

    async def problem(self) -> str | None:
        """The reason why requests cannot be answered now."""
        return await self._check()

    async def wait(self, seconds: float) -> None:
        """Wait until all is ready, or until ``seconds`` have passed."""
        try:
            async with asyncio.timeout(seconds):
                while await self.problem():  # noqa: ASYNC110 # what is watched is no event
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            return
