"""Counters in Valkey (or Redis), which all processes share: one round trip for each question."""

import logging
from collections.abc import Awaitable, Sequence
from time import monotonic
from typing import Any, Final, TypeVar, cast

from valkey.asyncio import BlockingConnectionPool, Valkey
from valkey.exceptions import ValkeyError

from app.callers.counters import Counted, Step
from app.errors import LimitsUnknown

log = logging.getLogger(__name__)

T = TypeVar("T")

_PREFIX: Final = "groundwork:limits"
_PATIENCE_SECONDS: Final = 2.0
_POOL_SECONDS: Final = 10.0  # many at once wait for one of the connections
_DOWN_SECONDS: Final = 1.0  # after a failure, until it is asked again
_MOST_CONNECTIONS: Final = 50

# The time is the server's, so that all processes mean the same minute.
_COUNT: Final = """
local now = tonumber(redis.call('TIME')[1])
local reply = {now, 0}
for i = 1, #ARGV, 5 do
  local begins = now - now % ARGV[i + 1]
  local kept = redis.call('HMGET', KEYS[1], ARGV[i] .. ':began', ARGV[i] .. ':used')
  local used = tonumber(kept[1]) == begins and tonumber(kept[2]) or 0
  reply[#reply + 1] = used
  if used > tonumber(ARGV[i + 3]) and reply[2] == 0 then reply[2] = #reply - 2 end
end
if reply[2] > 0 then return reply end
for i = 1, #ARGV, 5 do
  local begins, adds, at = now - now % ARGV[i + 1], tonumber(ARGV[i + 2]), (i - 1) / 5 + 3
  if adds ~= 0 and (ARGV[i + 4] == '' or tonumber(ARGV[i + 4]) == begins) then
    reply[at] = math.max(0, reply[at] + adds)
    redis.call('HSET', KEYS[1], ARGV[i] .. ':began', begins, ARGV[i] .. ':used', reply[at])
    redis.call('EXPIRE', KEYS[1], 172800)
  end
end
return reply
"""
_ENTER: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local taken = redis.call('ZCARD', KEYS[1]) + 1
if taken <= tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return taken
"""


class ValkeyCounters:
    """Counters on a server. Its failures are logged; after one it is left alone for a second."""

    def __init__(self, url: str) -> None:
        """Connect when there is something to count."""
        pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
            url,
            max_connections=_MOST_CONNECTIONS,
            timeout=_POOL_SECONDS,
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
        )
        self._server: Any = Valkey.from_pool(pool)
        self._count = self._server.register_script(_COUNT)
        self._enter = self._server.register_script(_ENTER)
        self._down_until = 0.0

    async def count(self, caller: str, steps: Sequence[Step]) -> Counted:
        """As of :class:`~app.callers.counters.Counters`."""
        values = ["" if value is None else value for step in steps for value in step]
        asked = self._count(keys=[f"{_PREFIX}:{caller}"], args=values)
        now, refused, *used = cast("list[int]", await self._answer(asked))
        return Counted(now, used, refused - 1 if refused else None)

    async def enter(self, caller: str, place: str, most: int, seconds: int) -> int:
        """As of :class:`~app.callers.counters.Counters`."""
        asked = self._enter(keys=[f"{_PREFIX}:{caller}:places"], args=[place, most, seconds])
        return cast("int", await self._answer(asked))

    async def leave(self, caller: str, place: str) -> None:
        """As of :class:`~app.callers.counters.Counters`."""
        await self._answer(self._server.zrem(f"{_PREFIX}:{caller}:places", place))

    async def inside(self, caller: str) -> int:
        """As of :class:`~app.callers.counters.Counters`; with those whose process has died."""
        return cast("int", await self._answer(self._server.zcard(f"{_PREFIX}:{caller}:places")))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.aclose(close_connection_pool=True)

    async def _answer(self, asked: Awaitable[T]) -> T:
        msg = "The store of the limits cannot be asked."
        if monotonic() < self._down_until:
            cast("Any", asked).close()
            raise LimitsUnknown(msg)
        try:
            return await asked
        except (ValkeyError, OSError) as error:
            if monotonic() >= self._down_until:
                log.error("%s %s", msg, error)  # noqa: TRY400
            self._down_until = monotonic() + _DOWN_SECONDS
            raise LimitsUnknown(msg, upstream_note=str(error)) from error
