"""The operator's folder of documents: read as a whole, and again what has changed."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, Final

from app.errors import ConfigurationError
from app.knowledge.reading import READERS, Unreadable, read
from app.knowledge.sources import Source

log = logging.getLogger(__name__)

_WATCHFILES: Final[Any] = import_module("watchfiles")  # its types want trio's

_QUIET_MS: Final = 200  # without a change before the folder is read
_PATIENCE_MS: Final = 2_000  # of changes without such a pause
_LOOK_MS: Final = 2_000  # between looks at whether the folder is still the same one

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that could not be read.

    Attributes:
        id: its path in the folder.
        reason: why, in a few words.
    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder holds.

    Attributes:
        sources: the documents, in the order of their paths.
        skipped: those that could not be read.
    """

    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]


class Folder:
    """A folder of documents, with its subfolders.

    Hidden files and those of other formats are no documents. A link is followed only to what lies
    in the folder and is hidden there, as in a volume that Kubernetes mounts: anything else would
    be foreign, or there twice.

    Raises:
        ConfigurationError: there is no such folder.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ConfigurationError(f"GROUNDWORK_KNOWLEDGE: {path} is not a folder.")
        self._path = path
        self._known: dict[str, tuple[Stamp, Source | Skipped]] = {}
        self._loaded: Loaded | None = None
        self._given_up = Event()

    def load(self) -> Loaded:
        """Read what is new or has changed since the last time.

        What cannot be read is logged when it is found. A folder that is gone is taken to come
        back: what was read last stays.
        """
        known: dict[str, tuple[Stamp, Source | Skipped]] = {}
        for path in _documents(self._path):
            if self._given_up.is_set():
                return self._loaded or Loaded((), ())
            name = os.fsencode(path.relative_to(self._path).as_posix()).decode(errors="replace")
            stamp = _stamp(path)
            before = self._known.get(name)
            unchanged = before and stamp and before[0] == stamp
            known[name] = before if before and unchanged else (stamp, _outcome(path, name))
        if not self._path.is_dir():
            log.warning("The folder of documents is gone. What was read last stays.")
        if self._loaded is None or self._path.is_dir():
            self._known = known
            outcomes = [outcome for _, outcome in known.values()]
            self._loaded = Loaded(
                tuple(each for each in outcomes if isinstance(each, Source)),
                tuple(each for each in outcomes if isinstance(each, Skipped)),
            )
        return self._loaded

    async def watch(self, on_change: Callable[[Loaded], Awaitable[None]]) -> None:
        """Call back with the folder's documents whenever they have changed, until cancelled.

        Unless :meth:`load` was called before, the first call comes at once. A burst of changes is
        one change. Where the system tells nothing of changes, as on some network drives, set
        ``WATCHFILES_FORCE_POLLING``.
        """
        told = self._loaded
        while True:
            async with aclosing(self._signs()) as signs:
                async for _ in signs:
                    loaded = await self._load_aside()
                    if loaded != told:
                        told = loaded
                        await on_change(loaded)

    async def _signs(self) -> AsyncGenerator[None]:
        """Something when the folder may have changed; ends when it is not the same one any more."""
        watched = _identity(self._path)
        if not watched:
            await asyncio.sleep(_LOOK_MS / 1000)
            return
        yield
        first = True
        async with aclosing(self._events()) as events:
            async for found in events:
                if found or first:  # the first: for what happened before it was watched
                    yield
                first = False
                if _identity(self._path) != watched:
                    return

    async def _events(self) -> AsyncGenerator[bool]:
        """True for a change, False when there was none for a while."""
        polled: bool | None = None
        while True:
            changes = _WATCHFILES.awatch(
                self._path,
                watch_filter=None,
                debounce=_PATIENCE_MS,
                step=_QUIET_MS,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                force_polling=polled,
                poll_delay_ms=_LOOK_MS,
            )
            try:
                async with aclosing(changes):
                    async for found in changes:
                        yield bool(found)
            except FileNotFoundError:
                return
            except OSError as error:
                if polled:
                    raise
                log.warning("The folder of documents is polled for changes: %s.", error)
                polled = True

    async def _load_aside(self) -> Loaded:
        """Load in a thread; one that is not waited for any more ends after the current file."""
        self._given_up.clear()
        try:
            return await asyncio.to_thread(self.load)
        except asyncio.CancelledError:
            self._given_up.set()
            raise


def _outcome(path: Path, name: str) -> Source | Skipped:
    try:
        return read(path, name)
    except Unreadable as error:
        log.warning("The document %s is skipped: %s.", name, error.reason)
        return Skipped(name, error.reason)
    except Exception:
        log.exception("The document %s is skipped: reading it failed.", name)
        return Skipped(name, "reading it failed")


def _stamp(path: Path) -> Stamp:
    """What tells a file from what it was, even with its time set back; empty if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _identity(path: Path) -> Stamp:
    """What tells a folder from another of the same name; empty if there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino


def _documents(root: Path) -> Iterator[Path]:
    real_root = root.resolve()
    linked: set[Path] = set()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_log_unlisted):
        here = Path(folder)
        folders[:] = [name for name in sorted(folders) if _counts(here / name, real_root, linked)]
        for name in sorted(names):
            known = Path(name).suffix.lower() in READERS
            if known and _counts(here / name, real_root, linked):
                yield here / name


def _counts(path: Path, root: Path, linked: set[Path]) -> bool:
    if path.name.startswith("."):
        return False
    if not path.is_symlink():
        return True
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # it leads nowhere, or in a circle
        return False
    within = target.relative_to(root).parts if target.is_relative_to(root) else ()
    if target in linked or not any(part.startswith(".") for part in within):
        return False
    linked.add(target)
    return True


def _log_unlisted(error: OSError) -> None:
    log.warning("A folder of documents cannot be listed: %s.", error.strerror)
