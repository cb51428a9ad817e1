"""The operator's folder of documents: read as a whole, and again what has changed."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from app.errors import ConfigurationError
from app.knowledge.reading import READERS, Unreadable, read
from app.knowledge.sources import Source

log = logging.getLogger(__name__)

Stamp = tuple[int, ...]
"""What tells a file from what it was, even with its time set back: what the system has counted."""


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
        self._unlisted: set[Path] = set()
        self._given_up = Event()

    def load(self) -> Loaded:
        """Read what is new or has changed since the last time.

        What cannot be read is logged when it is found. A folder that is gone, or cannot be listed,
        is taken to come back: what was read last stays.
        """
        known: dict[str, tuple[Stamp, Source | Skipped]] = {}
        for entry in self._documents(self._path):
            if self._given_up.is_set():
                return self._loaded or Loaded((), ())
            path = Path(entry.path)
            name = os.fsencode(path.relative_to(self._path).as_posix()).decode(errors="replace")
            stamp = _stamp(entry)
            before = self._known.get(name)
            unchanged = before and stamp and before[0] == stamp
            known[name] = before if before and unchanged else (stamp, _outcome(path, name))
        if self._loaded and self._path in self._unlisted:
            return self._loaded
        self._known = known
        outcomes = [outcome for _, outcome in known.values()]
        self._loaded = Loaded(
            tuple(each for each in outcomes if isinstance(each, Source)),
            tuple(each for each in outcomes if isinstance(each, Skipped)),
        )
        return self._loaded

    def _documents(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        """The files of a folder with a known suffix, then those of its subfolders."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder not in self._unlisted:  # or it would be said at every look
                log.warning("A folder of documents cannot be listed: %s.", error.strerror)
            self._unlisted.add(folder)
            return
        self._unlisted.discard(folder)
        root = self._path.resolve()
        ours = [entry for entry in entries if _is_ours(entry, root)]
        for entry in ours:
            if not entry.is_dir() and Path(entry.name).suffix.lower() in READERS:
                yield entry
        for entry in ours:
            if entry.is_dir():
                yield from self._documents(Path(entry.path))

    def give_up(self) -> None:
        """End a :meth:`load` that goes on in a thread after the file that it is reading."""
        self._given_up.set()


def _outcome(path: Path, name: str) -> Source | Skipped:
    try:
        return read(path, name)
    except Unreadable as error:
        log.warning("The document %s is skipped: %s.", name, error.reason)
        return Skipped(name, error.reason)
    except Exception:
        log.exception("The document %s is skipped: reading it failed.", name)
        return Skipped(name, "reading it failed")


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    """The file's stamp; none if it is gone."""
    try:
        found = entry.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_ours(entry: os.DirEntry[str], root: Path) -> bool:
    if entry.name.startswith("."):
        return False
    if not entry.is_symlink():
        return True
    try:
        target = Path(entry.path).resolve(strict=True)
    except (OSError, RuntimeError):  # it leads nowhere, or in a circle
        return False
    here = Path(entry.path).parent.resolve()
    inside = target.relative_to(root).parts if target.is_relative_to(root) else ()
    return any(part.startswith(".") for part in inside) and not here.is_relative_to(target)
