"""Places among the calls under way, and a bounded, fair queue for them."""

import asyncio
from bisect import insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter, itemgetter
from time import monotonic
from typing import Final, Self

from app.errors import Overloaded, UpstreamError
from app.gateway.admission.limit import AdaptiveLimit
from app.gateway.admission.pressure import Pressure
from app.gateway.admission.stalls import Stalls
from app.gateway.call import Clock, Deadline
from app.gateway.prompt import Chunk

_TOO_MANY: Final = frozenset({429, 503, 529})  # what a server says that has too many calls
_SHORT_SHARE: Final = 0.2  # of a call's latency, that a call may queue under pressure
_SHORT_SECONDS: Final = 0.1  # or this, if it is more
_FEATURE_SHARE: Final = 0.75  # of the limit, for a feature that is not alone
_ACTIVE_SECONDS: Final = 10.0  # how long after a call a feature counts as there
_KNOWN_SECONDS: Final = 60.0  # how long an average is believed
_WEIGHT: Final = 0.1  # of a new value in an average
_CAUTION: Final = 0.5  # of the average latency, that a call takes at least
_STALLED_SHARE: Final = 0.1  # of a call's latency; of one with more of it, nothing is learnt
_KEPT_FREE: Final = 0.25  # of the places, from calls in the background while there are others


class GaveWay(Exception):
    """A call in the background was ended, as somebody waits for its place."""


class _Average:
    """An exponentially weighted average of seconds; 0 while nothing recent is known."""

    __slots__ = ("_at", "_value")

    def __init__(self) -> None:
        self._value = 0.0
        self._at = float("-inf")

    def value(self, now: float) -> float:
        return self._value if now - self._at < _KNOWN_SECONDS else 0.0

    def add(self, seconds: float, now: float) -> None:
        known = self.value(now)
        self._value = known + _WEIGHT * (seconds - known) if known else seconds
        self._at = now


@dataclass(slots=True, eq=False)
class _Lane:
    """One feature's calls: those under way, those waiting, and how long they take.

    Who waits is kept by caller, whose turn comes first stands first, and there by deadline. ``held`` is how long they keep their place, ``latency`` how long it is until the answer or,
    of streams, the first token; the average of streams is the second.
    """

    waiting: dict[str, list["_Waiting"]] = field(default_factory=dict[str, list["_Waiting"]])
    queued: int = 0
    running: int = 0
    seen_at: float = float("-inf")
    held: _Average = field(default_factory=_Average)
    latency: tuple[_Average, _Average] = field(default_factory=lambda: (_Average(), _Average()))


@dataclass(slots=True, eq=False)
class Place:
    """A place for one call, for as long as the block runs; see :meth:`Admission.place`.

    Attributes:
        needs: seconds that the call takes at least.
        started: when it was given.
        seconds: from then until the answer, or a stream's first token; None before.
        stalled: those of them in which our own event loop was held up.
        tokens: of output that the answer had.
        in_flight: the calls under way then.
        stop: ends the call, if its place is wanted; for whoever makes one in the background to set.
        wanted: it was ended so.
    """

    admission: "Admission"
    lane: _Lane
    deadline: Deadline
    stream: bool
    background: bool
    needs: float = 0.0
    started: float = 0.0
    seconds: float | None = None
    stalled: float = 0.0
    tokens: int = 0
    in_flight: int = 0
    stop: Callable[[], None] | None = None
    wanted: bool = False

    def answered(self, chunk: Chunk) -> None:
        """The answer is there; or the first of a stream."""
        self.seconds = self.deadline.call.clock() - self.started
        self.stalled += self.admission.stalls.so_far()
        if chunk.completion and not self.stream:
            self.tokens = chunk.completion.usage.output_tokens

    async def __aenter__(self) -> Self:
        await self.admission.enter(self)
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.admission.leave(self, error)


_Waiting = tuple[float, int, Place, "asyncio.Future[bool]"]
"""Until when, its number, whose, and, once it is called, whether there is time enough left."""


class Admission:
    """Lets as many calls through as the limit says, and keeps a bounded queue.

    A free place goes to the feature with the fewest calls under way, there to the callers in turn,
    and of one caller's to the call with the earliest deadline. While several features are active, none may take more than three quarters
    of the places. A call that cannot be answered in its time is not begun.

    The queue takes bursts; but while calls keep coming faster than they are answered, only those
    that get a place soon, so that what is accepted stays fast (Ben Maurer, "Fail at Scale", ACM
    Queue, 2015, does so with CoDel), and only of those callers who ask for much. When the queue is
    full, the caller who has most in it loses the newest for another's; nobody else who was let in is
    sent away.

    Calls in the background take what these leave: a place while nobody queues, and while there are
    others but three quarters of the places. Where a call costs nothing (``preempts``), they may have
    all, and give theirs up to others.

    Attributes:
        running, queued: calls under way, and waiting; in the background, only the former.
        stalls: of our own event loop; how long calls took that had one, nobody learns from.
    """

    def __init__(
        self,
        limit: AdaptiveLimit,
        *,
        queue_size: int,
        preempts: bool = False,
        clock: Clock = monotonic,
    ) -> None:
        """Let ``queue_size`` calls wait at most."""
        self._limit = limit
        self._queue_size = queue_size
        self._clock = clock
        self._lanes: dict[str, _Lane] = defaultdict(_Lane)
        self._numbers = count()
        self._callers: Counter[str] = Counter()  # calls of theirs that wait
        self._preempts = preempts
        self._behind = _Lane()  # of all calls in the background
        self._spare: deque[asyncio.Future[None]] = deque()  # those of them that wait
        self._interruptible: list[Place] = []
        self._pressure = Pressure(clock())
        self.stalls = Stalls(clock, lambda: self.running > 0)
        self.running = 0
        self.queued = 0

    @property
    def limit(self) -> int:
        """Calls that may be under way at once."""
        return self._limit.value

    @property
    def most(self) -> int:
        """Calls that there may ever be at once."""
        return self._limit.most

    def place(self, feature: str, deadline: Deadline, *, stream: bool) -> Place:
        """A place for one call of ``feature``; entering it waits for it.

        Entering raises ``Overloaded`` if there is none, nor will there be one soon enough, and
        ``DeadlineExceeded`` if the time would not suffice even with a place. In the background it
        waits as long as it takes.
        """
        background = deadline.call.background
        lane = self._behind if background else self._lanes[feature]
        return Place(self, lane, deadline, stream, background)

    async def enter(self, place: Place) -> None:
        """Take the place, at once or in turn."""
        lane, now = place.lane, self._clock()
        if place.background:
            await self._enter_behind(place)
        else:
            lane.seen_at = now
            caller = place.deadline.call.caller.id
            self._pressure.arrived(caller, now, lane.held.value(now), standing=self.queued > 0)
            place.needs = _CAUTION * lane.latency[place.stream].value(now)
            if place.needs > place.deadline.at - now:
                raise place.deadline.exceeded()
            if lane.waiting or not self._is_free(lane):
                self._interrupt()
                await self._wait(place)
            else:
                self._take(lane, 1)
        place.started = self._clock()
        place.stalled = -self.stalls.so_far()
        place.in_flight = self.running

    def leave(self, place: Place, error: BaseException | None) -> None:
        """Give the place back, with how the call ended."""
        lane = place.lane
        wanted = self.running + self.queued + len(self._spare)
        if place.background:
            self._interruptible.remove(place)
        self._take(lane, -1)
        if isinstance(error, UpstreamError) and error.upstream_status in _TOO_MANY:
            self._limit.refused()
        if place.seconds is not None and not place.background:
            self._pressure.answered()
        if place.seconds is not None and place.stalled <= _STALLED_SHARE * place.seconds:
            now = self._clock()
            lane.held.add(now - place.started, now)
            lane.latency[place.stream].add(place.seconds, now)
            self._limit.succeeded(
                (lane, place.stream),
                place.seconds,
                place.tokens,
                in_flight=place.in_flight,
                wanted=wanted,
            )
        self._hand_on()

    async def _enter_behind(self, place: Place) -> None:
        """Take what others leave, once there is some."""
        if self._spare or not self._has_spare():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._spare.append(turn)
            with place.deadline.call.spending("queue"):
                try:
                    await turn
                except asyncio.CancelledError:
                    if turn.done() and not turn.cancelled():  # its turn came at the same moment
                        self._take(place.lane, -1)
                        self._hand_on()
                    raise
        else:
            self._take(place.lane, 1)
        self._interruptible.append(place)

    def _has_spare(self) -> bool:
        """Whether there is a place for a call in the background."""
        if self.queued or self.running >= self._limit.value:
            return False
        free = 0 if self._preempts or not self._has_company(self._behind) else _KEPT_FREE
        return self.running < max(1, int(self._limit.value * (1 - free)))

    def _interrupt(self) -> None:
        """Have one call in the background give up its place: the one that began last."""
        if self._preempts:
            for place in reversed(self._interruptible):
                if place.stop and not place.wanted:
                    place.wanted = True
                    place.stop()
                    return

    def _take(self, lane: _Lane, places: int) -> None:
        self.running += places
        lane.running += places

    def _is_free(self, lane: _Lane) -> bool:
        """Whether there is a place that the feature may take."""
        limit = self._limit.value
        if self.running >= limit:
            return False
        if limit == 1 or not self._has_company(lane):
            return True
        return lane.running < max(1, min(limit - 1, int(limit * _FEATURE_SHARE)))

    def _has_company(self, lane: _Lane) -> bool:
        recent = self._clock() - _ACTIVE_SECONDS
        return any(
            other is not lane and (other.running or other.waiting or other.seen_at > recent)
            for other in self._lanes.values()
        )

    async def _wait(self, place: Place) -> None:
        """Wait for a place and take it."""
        lane, deadline = place.lane, place.deadline
        caller = deadline.call.caller.id
        held = lane.held.value(self._clock())
        expected = self._expected_wait(lane, caller, held)
        patience = deadline.remaining() - place.needs
        if self._pressure.high and self._pressure.is_made_by(caller):
            patience = min(patience, max(_SHORT_SECONDS, _SHORT_SHARE * held))
        if expected > patience or not self._has_room(caller, expected):
            raise _overloaded(expected)
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        entry = deadline.at, next(self._numbers), place, turn
        insort(lane.waiting.setdefault(caller, []), entry)
        self._count_waiting(place, 1)
        with deadline.call.spending("queue"):
            try:
                in_time = await turn
            except asyncio.CancelledError:
                if entry in lane.waiting.get(caller, ()):
                    self._remove(entry)
                elif not turn.cancelled() and not turn.exception() and turn.result():
                    self._take(lane, -1)  # its turn came at the same moment
                    self._hand_on()
                raise
        if not in_time:
            raise deadline.exceeded()

    def _expected_wait(self, lane: _Lane, caller: str, held: float) -> float:
        """Seconds, about, until a further call of the caller's has its turn."""
        lanes = sum(1 for other in self._lanes.values() if other.waiting or other is lane)
        own = len(lane.waiting.get(caller, ()))
        others = len(lane.waiting) - (caller in lane.waiting)
        before = min(lane.queued, own + (own + 1) * others)
        return (before + 1) * lanes * held / self._limit.value

    def _has_room(self, caller: str, expected: float) -> bool:
        """Whether the queue has room for a call; if need be, that of who has more calls in it."""
        if self.queued < self._queue_size:
            return True
        most = max(self._callers, key=self._callers.__getitem__, default=caller)
        if self._callers[caller] + 1 > self._callers[most]:
            return False
        waiting = (lane.waiting.get(most, ()) for lane in self._lanes.values())
        newest = max((entry for entries in waiting for entry in entries), key=itemgetter(1))
        self._remove(newest)
        turn = newest[-1]
        if not turn.done():
            turn.set_exception(_overloaded(expected))
        return True

    def _remove(self, entry: _Waiting) -> None:
        """Take a call out of the queue."""
        place = entry[2]
        waiting, caller = place.lane.waiting, place.deadline.call.caller.id
        waiting[caller].remove(entry)
        if not waiting[caller]:
            del waiting[caller]
        self._count_waiting(place, -1)

    def _count_waiting(self, place: Place, more: int) -> None:
        caller = place.deadline.call.caller.id
        self.queued += more
        place.lane.queued += more
        self._callers[caller] += more
        if not self._callers[caller]:
            del self._callers[caller]

    def _hand_on(self) -> None:
        """Give free places to those who wait."""
        while self.queued:
            lanes = [lane for lane in self._lanes.values() if lane.waiting and self._is_free(lane)]
            if not lanes:
                return
            lane = min(lanes, key=attrgetter("running"))
            caller, waiting = next(iter(lane.waiting.items()))
            *_, place, turn = waiting.pop(0)
            del lane.waiting[caller]
            if waiting:
                lane.waiting[caller] = waiting  # after those of all others
            self._count_waiting(place, -1)
            if turn.done():
                continue  # it has left, and notices that in a moment
            in_time = place.needs <= place.deadline.remaining()
            if in_time:
                self._take(lane, 1)
            turn.set_result(in_time)
        while self._spare and self._has_spare():
            behind = self._spare.popleft()
            if not behind.done():
                self._take(self._behind, 1)
                behind.set_result(None)


def _overloaded(expected: float) -> Overloaded:
    msg = "The service has more requests than it can answer in time."
    return Overloaded(msg, retry_after=expected)
