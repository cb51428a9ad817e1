"""Counters of one process that are kept in a file, so that a day's use outlives the process."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.callers.counters import Counted, MemoryCounters, Step, Windows
from app.errors import ConfigurationError

log = logging.getLogger(__name__)

_SECONDS: Final = 1.0  # what is lost at most when the process is killed
_KEPT: Final = TypeAdapter(dict[str, Windows])


class FileCounters(MemoryCounters):
    """As in memory; what has changed is written a second later, whole."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Go on from what is kept.

        Raises:
            ConfigurationError: the file is none of ours, or cannot be written.
        """
        super().__init__(clock)
        self._path = path
        self._writing: asyncio.Task[None] | None = None
        try:
            if path.exists():
                self._windows = _KEPT.validate_json(path.read_bytes())
            self._write(self._windows)
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds something else"
            msg = f"GROUNDWORK_LIMITS_STORE: {path} cannot be used: {reason}."
            raise ConfigurationError(msg) from None

    async def count(self, caller: str, steps: Sequence[Step]) -> Counted:
        """As of :class:`~app.callers.counters.Counters`."""
        counted = await super().count(caller, steps)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())
        return counted

    async def aclose(self) -> None:
        """Write what has changed."""
        if self._writing:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        self._write(self._windows)

    async def _write_soon(self) -> None:
        await asyncio.sleep(_SECONDS)
        self._writing = None
        windows = {caller: dict(windows) for caller, windows in self._windows.items()}
        try:
            await asyncio.to_thread(self._write, windows)
        except OSError:
            log.exception("What callers have used could not be written.")

    def _write(self, windows: dict[str, Windows]) -> None:
        unfinished = self._path.with_name(f"{self._path.name}.unfinished")
        unfinished.write_bytes(to_json(windows))
        unfinished.replace(self._path)
