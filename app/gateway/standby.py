"""A model server that somebody keeps up: what is asked of it while it is gone is not lost.

Where a supervisor sees the server end or hang and starts it anew, a call need not fail for that:
it waits until the server is there, and is made again.
"""

import asyncio
from typing import Final, Protocol

from app.errors import UpstreamError

_NOTICED_SECONDS: Final = 2.0  # in which a supervisor sees that a server has gone
_POLL_SECONDS: Final = 0.05


class Standby(Protocol):
    """Whoever keeps the server up."""

    @property
    def generation(self) -> int:
        """Rises whenever the server is found gone."""
        ...

    def problem(self) -> str | None:
        """Why the server cannot be asked now; None if it can."""
        ...

    async def up(self) -> None:
        """Wait until it can be asked."""
        ...


async def went_away(standby: Standby, generation: int, error: UpstreamError) -> bool:
    """Whether a call that was begun in ``generation`` failed because the server went away.

    A supervisor may take a moment to see it, for which is waited where there was no response.
    """
    polls = 0 if error.upstream_status else round(_NOTICED_SECONDS / _POLL_SECONDS)
    while standby.generation == generation and not standby.problem():
        if not polls:
            return False
        polls -= 1
        await asyncio.sleep(_POLL_SECONDS)
    return True
