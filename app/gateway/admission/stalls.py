"""How long the event loop was held up: a call that waited for that says nothing of its server."""

import asyncio
from collections.abc import Callable
from typing import Final

from app.gateway.call import Clock

_BEAT_SECONDS: Final = 0.05
_HELD_UP_SECONDS: Final = 0.05  # a beat that comes so late was; until then, the loop is busy


class Stalls:
    """Seconds that the event loop was held up, told by a beat that comes late."""

    def __init__(self, clock: Clock, is_busy: Callable[[], bool]) -> None:
        """Keep the beat while ``is_busy()``, once somebody has asked."""
        self._clock = clock
        self._is_busy = is_busy
        self._seconds = 0.0
        self._due: float | None = None

    def so_far(self) -> float:
        """All of them together."""
        if self._due is None:
            self._expect()
        return self._seconds + self._late()

    def _expect(self) -> None:
        self._due = self._clock() + _BEAT_SECONDS
        asyncio.get_running_loop().call_later(_BEAT_SECONDS, self._beat)

    def _late(self) -> float:
        late = 0.0 if self._due is None else self._clock() - self._due
        return late if late > _HELD_UP_SECONDS else 0.0

    def _beat(self) -> None:
        self._seconds += self._late()
        self._due = None
        if self._is_busy():
            self._expect()
