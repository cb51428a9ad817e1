"""Whether the model server can be asked, found out by asking it something small."""

import asyncio
from time import monotonic

from app.errors import GroundworkError
from app.gateway.upstream import Upstream

_GOOD_LASTS_SECONDS = 5.0
_BAD_LASTS_SECONDS = 0.2  # callers that poll a starting server want to know soon
_WAITS_SECONDS = 5.0


class Probe:
    """Asks at most once in a while, however often it is called."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._lock = asyncio.Lock()
        self._expires = 0.0
        self._problem: str | None = None

    async def problem(self) -> str | None:
        """Why the server cannot be asked, or None."""
        async with self._lock:
            if monotonic() >= self._expires:
                self._problem = await self._ask()
                self._expires = monotonic() + (
                    _GOOD_LASTS_SECONDS if self._problem is None else _BAD_LASTS_SECONDS
                )
            return self._problem

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(_WAITS_SECONDS):
                await self._upstream.ping()
        except TimeoutError:
            return "The model server did not answer in time."
        except GroundworkError as error:
            return error.detail
        return None
