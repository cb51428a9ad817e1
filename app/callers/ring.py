"""Follows the file of keys, which is read again when it changes."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from app.callers.caller import Caller
from app.callers.keys import Keys, read_keys
from app.errors import ConfigurationError

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0


class KeyRing:
    """The keys as they are now.

    Attributes:
        problem: why the file as it is now does not hold, and the one before it does.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Read the file.

        Raises:
            ConfigurationError: it cannot be read, or is wrong.
        """
        self.problem: str | None = None
        self._path = path
        self._clock = clock
        self._stamp = _stamp(path)
        self._keys = Keys(read_keys(path))

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: bytes) -> Caller:
        """The caller that a key belongs to.

        Raises:
            KeyInvalid: it is mistyped, unknown, revoked or expired.
        """
        return self._keys.find(key, self._clock())

    def look(self) -> None:
        """Read the file again if it changed; what is wrong is logged, and the old keys hold."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = Keys(read_keys(self._path))
        except ConfigurationError as error:
            self.problem = error.detail
            log.error("The keys stay as they were: %s", error.detail)  # noqa: TRY400
        else:
            self.problem = None
            log.info("The keys were read again: %d.", len(self))

    @asynccontextmanager
    async def followed(self) -> AsyncGenerator[None]:
        """Look every second, until the block ends; that works on every drive, links included."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await asyncio.to_thread(self.look)
            except Exception:
                log.exception("The file of keys could not be looked at.")


def _stamp(path: Path) -> tuple[int, ...]:
    """What tells a file from what it was; nothing where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
