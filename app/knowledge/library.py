"""The operator's folder of documents, ready to be searched, and read again where it changes."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from time import monotonic
from typing import Final

from app.errors import ConfigurationError, Overloaded
from app.knowledge.index import Index
from app.knowledge.reading import READERS, Unreadable, read
from app.knowledge.sources import Source
from app.knowledge.splitting import split

log = logging.getLogger(__name__)

_WAITS_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 2.0  # between looks at whether something has changed
_LEAST_REST: Final = 20  # times as long as a look took: looking takes a twentieth of a core at most
SAMPLE: Final = Path("sample")

Stamp = tuple[int, ...]
"""What tells a file from what it was, even with its time set back: what the system has counted."""


def folder_at(path: Path | None) -> Path | None:
    """The folder that the settings name; ``sample`` is the one that comes with the package.

    Raises ``ConfigurationError`` where there is no such folder.
    """
    folder = Path(__file__).with_name("sample") if path == SAMPLE else path
    if folder and not folder.is_dir():
        raise ConfigurationError(f"GROUNDWORK_KNOWLEDGE: {folder} is not a folder.")
    return folder


@dataclass(frozen=True, slots=True)
class Skipped:
    """The path of a document, or of a folder, that could not be read, and why in a few words."""

    id: str
    reason: str


class Library:
    """Follows a folder of documents; without a folder, there are none.

    What it holds is known after :meth:`wait`. Hidden files and those of other formats are no
    documents. A link is followed to what lies in the folder, hidden or not, as in a volume that
    Kubernetes mounts; nothing is there twice.

    Attributes:
        index: finds passages of the documents.
        sources: the documents, in the order of their paths.
        skipped: what could not be read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.index = Index(())
        self.sources: tuple[Source, ...] = ()
        self.skipped: tuple[Skipped, ...] = ()
        self._folder = folder
        self._known: dict[str, tuple[Stamp, Source | Skipped]] = {}
        self._ready = asyncio.Event()
        if folder is None:
            self._ready.set()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator["Library"]:
        """Read the folder in the background, and again on every change, until the block ends.

        It is looked at every two seconds, less often where a look takes long. That works on every
        drive, and where a folder or a link is replaced, of which systems tell nothing.
        """
        following = asyncio.create_task(self._follow())
        try:
            yield self
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def wait(self) -> None:
        """Wait until the documents have been read; raise ``Overloaded`` where that takes long."""
        try:
            async with asyncio.timeout(_WAITS_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise Overloaded("The documents are still being read.", retry_after=5) from None

    def problem(self) -> str | None:
        """Why there is nothing to search yet, or None."""
        return None if self._ready.is_set() else "The documents are being read."

    async def look(self) -> None:
        """Read what is new or has changed since the last look.

        A folder that is gone, or cannot be listed, is taken to come back: what was read last stays.
        """
        known: dict[str, tuple[Stamp, Source | Skipped]] = {}
        found = await asyncio.to_thread(_documents, self._folder) if self._folder else {}
        for name, (path, stamp) in found.items():
            before = self._known.get(name)
            if before and before[0] == stamp:
                known[name] = before
            else:
                known[name] = stamp, await asyncio.to_thread(_outcome, path, name)
        if "." in known:
            known = self._known | known
        if known != self._known or not self._ready.is_set():
            outcomes = [outcome for _, outcome in known.values()]
            self.sources = tuple(each for each in outcomes if isinstance(each, Source))
            self.skipped = tuple(each for each in outcomes if isinstance(each, Skipped))
            parts = (passage for source in self.sources for passage in split(source))
            self.index = await asyncio.to_thread(lambda: Index([*parts]))
            self._known = known
            self._ready.set()
            log.info("%d documents can be searched.", self.index.documents)

    async def _follow(self) -> None:
        try:
            while self._folder:
                begun = monotonic()
                await self.look()
                await asyncio.sleep(max(_LOOK_SECONDS, _LEAST_REST * (monotonic() - begun)))
        except Exception:
            log.exception("The documents are not looked at any more.")
            raise


def _documents(root: Path) -> dict[str, tuple[Path, Stamp]]:
    """Paths and stamps by name: of a folder's documents, then of those in its subfolders.

    A folder that cannot be listed is among them: whoever reads it learns why.
    """
    found: dict[str, tuple[Path, Stamp]] = {}
    unlisted: list[OSError] = []
    seen: set[tuple[int, int]] = set()

    def stamp(path: Path) -> Stamp | None:
        """None of what is hidden, gone, a pipe, foreign or there already."""
        if path.name.startswith(".") and path != root:
            return None
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root.resolve()):
            return None
        try:
            info = path.stat()
        except OSError:
            return None
        file = info.st_dev, info.st_ino
        if file in seen or not (S_ISREG(info.st_mode) or S_ISDIR(info.st_mode)):
            return None
        seen.add(file)
        return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns

    stamp(root)
    for at, folders, files in os.walk(root, followlinks=True, onerror=unlisted.append):
        folders[:] = [name for name in sorted(folders) if stamp(Path(at, name))]
        for path in (Path(at, name) for name in sorted(files)):
            if path.suffix.lower() in READERS and (its := stamp(path)):
                found[_name(path, root)] = path, its
    for error in unlisted:
        path = Path(error.filename)
        found[_name(path, root)] = path, (error.errno or 0,)
    return found


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    return os.fsencode(name).decode(errors="replace")  # it need not be Unicode


def _outcome(path: Path, name: str) -> Source | Skipped:
    try:
        return read(path, name)
    except Unreadable as error:
        log.warning("The document %s is skipped: %s.", name, error)
        return Skipped(name, str(error))
    except Exception:
        log.exception("The document %s is skipped: reading it failed.", name)
        return Skipped(name, "reading it failed")
