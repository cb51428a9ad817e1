"""The operator's documents, ready to be searched, and read again when they change."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from app.errors import Overloaded
from app.knowledge.folder import Folder, Loaded, Skipped
from app.knowledge.index import Found, Index
from app.knowledge.splitting import split

log = logging.getLogger(__name__)

_EMPTY: Final = Loaded((), ())
_WAITS_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 2.0  # between looks at whether something has changed
_LEAST_REST: Final = 20  # times as long as a look took: looking takes a twentieth of a core at most
SAMPLE: Final = Path("sample")


def folder_at(path: Path | None) -> Folder | None:
    """The folder that the settings name; ``sample`` is the one that comes with the package.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if path is None:
        return None
    return Folder(Path(__file__).with_name("sample") if path == SAMPLE else path)


@dataclass(frozen=True, slots=True)
class LibraryReport:
    """What there is.

    Attributes:
        documents, passages: how many can be searched.
        skipped: the documents that could not be read, with the reason.
    """

    documents: int
    passages: int
    skipped: Sequence[Skipped]


class Library:
    """Searches a folder of documents; without a folder, there are none.

    What it is and holds is known after :meth:`wait`.

    Attributes:
        language: ISO 639-1 code of the language that most documents are in.
    """

    def __init__(self, folder: Folder | None = None) -> None:
        self._folder = folder
        self._index = Index(())
        self._loaded = _EMPTY
        self._ready = asyncio.Event()
        self.language = "en"

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator["Library"]:
        """Read the folder in the background, and again on every change, until the block ends.

        It is looked at every two seconds, less often where a look takes long. That works on every
        drive, and where a folder or a link is replaced, of which systems tell nothing.
        """
        task = asyncio.create_task(self._follow(self._folder)) if self._folder else None
        if task is None:
            self._ready.set()
        try:
            yield self
        finally:
            if task and self._folder:
                self._folder.give_up()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def wait(self) -> None:
        """Wait until the documents have been read, which is over for good once it is.

        Raises:
            Overloaded: it takes longer than a request should wait.
        """
        try:
            async with asyncio.timeout(_WAITS_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise Overloaded("The documents are still being read.", retry_after=5) from None

    def search(self, query: str, limit: int, *, also: str = "") -> list[Found]:
        """The passages that are nearest to a query, the best first.

        Args:
            query: any text.
            limit: most passages.
            also: words of the conversation so far, which count less.
        """
        return self._index.search(query, limit, also=also)

    def problem(self) -> str | None:
        """Why there is nothing to search yet, or None."""
        return None if self._ready.is_set() else "The documents are being read."

    def report(self) -> LibraryReport:
        """What there is at the moment."""
        return LibraryReport(
            self._index.documents, self._index.passages, tuple(self._loaded.skipped)
        )

    async def _follow(self, folder: Folder) -> None:
        try:
            while True:
                begun = monotonic()
                loaded = await asyncio.to_thread(folder.load)
                if loaded != self._loaded or not self._ready.is_set():
                    await self._take(loaded)
                await asyncio.sleep(max(_LOOK_SECONDS, _LEAST_REST * (monotonic() - begun)))
        except Exception:
            log.exception("The documents are not looked at any more.")
            raise

    async def _take(self, loaded: Loaded) -> None:
        self._index = await asyncio.to_thread(_indexed, loaded)
        self._loaded = loaded
        languages = Counter(source.language for source in loaded.sources if source.language)
        self.language = languages.most_common(1)[0][0] if languages else "en"
        self._ready.set()
        log.info("%d documents can be searched.", self._index.documents)


def _indexed(loaded: Loaded) -> Index:
    return Index([passage for source in loaded.sources for passage in split(source)])
