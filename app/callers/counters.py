"""What callers have used: counters that start anew with each minute or day, and places.

Looked at instead: ``limits`` 5.8. Its memory store walks through all callers at each hit (890 us with
10,000 of them); it takes nothing back, and cannot ask for several limits at once.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

MINUTE: Final = 60
DAY: Final = 86_400
ANY: Final = 2**53  # no bound: more than anybody uses, and a number that Lua still knows exactly
_MOST_CALLERS: Final = 50_000


class Step(NamedTuple):
    """What is done to one counter of a caller, if all steps can be done.

    Attributes:
        name: of the counter.
        period: its seconds; a counter begins anew with each, as UTC counts them.
        adds: what is added to it; less than nothing takes back.
        at_most: what may have been used before.
        began: of the period that is meant, in seconds of UTC; if that is over, nothing is done. None for the one
            that runs.
    """

    name: str
    period: int
    adds: int = 0
    at_most: int = ANY
    began: int | None = None


class Counted(NamedTuple):
    """What came of steps.

    Attributes:
        now: in seconds of UTC, as the store tells time.
        used: of each counter, after that.
        refused: number of the step that could not be done, for which none was; None if all were.
    """

    now: int
    used: Sequence[int]
    refused: int | None


class Counters(Protocol):
    """Keeps counters, and places among the calls at once, by caller.

    Its methods raise ``LimitsUnknown`` when it cannot be asked.
    """

    async def count(self, caller: str, steps: Sequence[Step]) -> Counted:
        """Do all steps, or none."""
        ...

    async def enter(self, caller: str, place: str, most: int, seconds: int) -> int:
        """Take a place, if ``most`` are not taken; it is given back after ``seconds`` at the latest.

        Gives how many are taken then, or ``most + 1`` where none was left.
        """
        ...

    async def leave(self, caller: str, place: str) -> None:
        """Give a place back."""
        ...

    async def inside(self, caller: str) -> int:
        """How many places are taken."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...


Windows = dict[str, tuple[int, int]]
"""A caller's counters by name: in seconds of UTC when the period began, and what is used of it."""


class MemoryCounters:
    """Counters of this process alone; of very many callers, those who came last."""

    def __init__(
        self, clock: Callable[[], float] = time.time, most_callers: int = _MOST_CALLERS
    ) -> None:
        self._clock = clock
        self._most_callers = most_callers
        self._windows: dict[str, Windows] = {}
        self._places: dict[str, int] = {}

    async def count(self, caller: str, steps: Sequence[Step]) -> Counted:
        """As of :class:`Counters`."""
        now = int(self._clock())
        windows = self._windows.pop(caller, None)
        if windows is None:
            windows = {}
            if len(self._windows) >= self._most_callers:
                del self._windows[next(iter(self._windows))]
        self._windows[caller] = windows  # the last again
        counts: list[int] = []
        changed: Windows = {}
        for name, period, adds, at_most, began in steps:
            begins = now - now % period
            last_began, used = windows.get(name, (0, 0))
            if last_began != begins:
                used = 0
            if used > at_most:
                seen = await self.count(caller, [Step(each.name, each.period) for each in steps])
                return seen._replace(refused=len(counts))
            if adds and (began is None or began == begins):
                used = max(0, used + adds)
                changed[name] = begins, used
            counts.append(used)
        windows.update(changed)
        return Counted(now, counts, None)

    async def enter(self, caller: str, place: str, most: int, seconds: int) -> int:
        """As of :class:`Counters`; nobody dies here without giving a place back."""
        del place, seconds
        taken = self._places.get(caller, 0) + 1
        if taken <= most:
            self._places[caller] = taken
        return taken

    async def leave(self, caller: str, place: str) -> None:
        """As of :class:`Counters`."""
        del place
        if left := self._places.pop(caller) - 1:
            self._places[caller] = left

    async def inside(self, caller: str) -> int:
        """As of :class:`Counters`."""
        return self._places.get(caller, 0)

    async def aclose(self) -> None:
        """There is nothing to let go of."""
