import asyncio
import logging
import os
import shutil
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.knowledge import folder as module
from app.knowledge.folder import Folder, Loaded, Skipped


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.05)


def _ids(loaded: Loaded) -> list[str]:
    return [source.id for source in loaded.sources]


class TestLoad:
    def test_reads_all_formats_of_all_subfolders_in_order(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        for name in ("z.txt", "b/a.html", "a.MD", "c.md", "b/c.markdown"):
            (tmp_path / name).write_text("Words of a document.", "utf-8")
        assert _ids(Folder(tmp_path).load()) == [
            "a.MD",
            "c.md",
            "z.txt",
            "b/a.html",
            "b/c.markdown",
        ]

    def test_hidden_and_foreign_files_are_no_documents(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        for name in (".hidden.md", ".git/a.md", "a.png", "Makefile", "a.md.swp"):
            (tmp_path / name).write_text("Words.", "utf-8")
        assert Folder(tmp_path).load() == Loaded((), ())

    def test_what_cannot_be_read_is_skipped_and_logged_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "a.pdf").write_bytes(b"no PDF at all")
        (tmp_path / "b.md").write_text("Words.", "utf-8")
        (tmp_path / "c.txt").write_bytes(b"PK\x03\x04\0\0")
        folder = Folder(tmp_path)
        with caplog.at_level(logging.WARNING):
            loaded = folder.load()
            assert folder.load() == loaded
        assert _ids(loaded) == ["b.md"]
        assert loaded.skipped == (
            Skipped("a.pdf", "it is not a PDF"),
            Skipped("c.txt", "it is not text"),
        )
        assert [record.getMessage() for record in caplog.records] == [
            "The document a.pdf is skipped: it is not a PDF.",
            "The document c.txt is skipped: it is not text.",
        ]

    def test_a_reader_that_fails_costs_one_document(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(data: bytes) -> None:
            raise RuntimeError

        monkeypatch.setattr(module, "READERS", {".md": fail, ".txt": fail})
        monkeypatch.setattr("app.knowledge.reading.READERS", {".md": fail})
        (tmp_path / "a.md").write_text("Words.", "utf-8")
        assert Folder(tmp_path).load().skipped == (Skipped("a.md", "reading it failed"),)
        assert caplog.records[0].exc_info

    def test_only_what_has_changed_is_read_again(self, tmp_path: Path) -> None:
        first, second = tmp_path / "a.md", tmp_path / "b.md"
        first.write_text("One word.", "utf-8")
        second.write_text("Two words.", "utf-8")
        folder = Folder(tmp_path)
        before = folder.load()
        times = second.stat()
        second.write_text("New words.", "utf-8")
        os.utime(second, ns=(times.st_atime_ns, times.st_mtime_ns))
        after = folder.load()
        assert after.sources[0] is before.sources[0]
        assert after.sources[1].text == "New words."

    def test_links_lead_to_hidden_places_of_the_folder_only(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret.md").write_text("Secret words.", "utf-8")
        docs = tmp_path / "docs"
        mounted = docs / "..2026" / "sub"
        mounted.mkdir(parents=True)
        (mounted / "c.md").write_text("Mounted words.", "utf-8")
        (docs / "..2026" / "a.md").write_text("Words.", "utf-8")
        (docs / "b.md").write_text("More words.", "utf-8")
        for name, target in {
            "..data": "..2026",
            "a.md": "..data/a.md",
            "sub": "..data/sub",
            "twice.md": "b.md",
            "secret.md": "../outside/secret.md",
            "outside": "../outside",
            "self": ".",
            "circle.md": "circle.md",
            "nowhere.md": "nothing.md",
        }.items():
            (docs / name).symlink_to(target)
        (mounted / "up").symlink_to(".")
        assert _ids(Folder(docs).load()) == ["a.md", "b.md", "sub/c.md"]

    def test_a_circle_of_hidden_links_ends(self, tmp_path: Path) -> None:
        (tmp_path / ".data").mkdir()
        (tmp_path / ".data" / "a.md").write_text("Words.", "utf-8")
        (tmp_path / ".data" / "up").symlink_to(".")
        (tmp_path / "docs").symlink_to(".data")
        assert _ids(Folder(tmp_path).load()) == ["docs/a.md"]

    def test_a_pipe_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.md")
        assert Folder(tmp_path).load().skipped == (Skipped("a.md", "it is not a file"),)

    def test_a_name_that_is_not_unicode_can_be_shown(self, tmp_path: Path) -> None:
        (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("Words.", "utf-8")
        assert _ids(Folder(tmp_path).load()) == ["caf\ufffd.txt"]

    def test_no_folder_is_a_configuration_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="nowhere is not a folder"):
            Folder(tmp_path / "nowhere")

    def test_an_empty_folder_is_fine(self, tmp_path: Path) -> None:
        assert Folder(tmp_path).load() == Loaded((), ())


class _Seen:
    """What the watcher told."""

    def __init__(self) -> None:
        self.all: list[Loaded] = []
        self._news = asyncio.Event()

    async def take(self, loaded: Loaded) -> None:
        self.all.append(loaded)
        self._news.set()

    async def until(self, wanted: Callable[[Loaded], bool]) -> Loaded:
        async with asyncio.timeout(20):
            while not self.all or not wanted(self.all[-1]):
                self._news.clear()
                await self._news.wait()
        return self.all[-1]


@asynccontextmanager
async def _watched(path: Path) -> AsyncGenerator[_Seen]:
    seen = _Seen()
    task = asyncio.create_task(Folder(path).watch(seen.take))
    try:
        yield seen
    finally:
        task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)


def _texts(*texts: str) -> Callable[[Loaded], bool]:
    return lambda loaded: [source.text for source in loaded.sources] == list(texts)


class TestWatch:
    async def test_tells_what_is_there_then_what_changes(self, tmp_path: Path) -> None:
        document = tmp_path / "a.md"
        document.write_text("One", "utf-8")
        async with _watched(tmp_path) as seen:
            await seen.until(_texts("One"))
            document.write_text("Two", "utf-8")
            await seen.until(_texts("Two"))
            (tmp_path / "sub").mkdir()
            (tmp_path / "sub" / "b.txt").write_text("Three", "utf-8")
            await seen.until(_texts("Two", "Three"))
            document.unlink()
            await seen.until(_texts("Three"))

    async def test_nothing_is_told_twice(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path)
        (tmp_path / "a.md").write_text("One", "utf-8")
        folder.load()
        seen = _Seen()
        task = asyncio.create_task(folder.watch(seen.take))
        (tmp_path / "b.png").write_bytes(b"no document")
        await asyncio.sleep(0.3)
        assert not seen.all
        (tmp_path / "b.md").write_text("Two", "utf-8")
        await seen.until(_texts("One", "Two"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def test_what_changes_before_it_is_watched_is_told(self, tmp_path: Path) -> None:
        told: list[int] = []

        async def take(loaded: Loaded) -> None:
            told.append(len(loaded.sources))
            if len(told) == 1:
                (tmp_path / "a.md").write_text("One", "utf-8")
            else:
                task.cancel()

        task = asyncio.create_task(Folder(tmp_path).watch(take))
        await asyncio.wait([task], timeout=20)
        assert told == [0, 1]

    async def test_a_file_read_while_it_is_written_is_read_again(self, tmp_path: Path) -> None:
        async with _watched(tmp_path) as seen:
            with (tmp_path / "a.txt").open("w", encoding="utf-8") as file:
                file.write("Half")
                file.flush()
                await seen.until(_texts("Half"))
                file.write(" and half")
            await seen.until(_texts("Half and half"))

    async def test_a_folder_that_goes_keeps_its_documents_until_it_is_back(
        self, tmp_path: Path
    ) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        (docs / "a.md").write_text("One", "utf-8")
        async with _watched(docs) as seen:
            await seen.until(_texts("One"))
            docs.rename(tmp_path / "old")
            await asyncio.sleep(0.5)
            assert len(seen.all) == 1
            docs.mkdir()
            (docs / "a.md").write_text("Two", "utf-8")
            await seen.until(_texts("Two"))
            (docs / "a.md").write_text("Three", "utf-8")
            await seen.until(_texts("Three"))
            shutil.rmtree(docs)
            docs.mkdir()
            (docs / "b.md").write_text("Four", "utf-8")
            await seen.until(_texts("Four"))

    async def test_what_cannot_be_listed_is_told_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        folder = Folder(docs)
        folder.load()
        docs.rmdir()
        assert folder.load() == folder.load() == Loaded((), ())
        assert caplog.text.count("cannot be listed") == 1

    async def test_a_link_that_is_turned_is_followed(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.md").write_text(name, "utf-8")
        current = tmp_path / "current"
        current.symlink_to("one")
        async with _watched(current) as seen:
            await seen.until(_texts("one"))
            (tmp_path / "next").symlink_to("two")
            (tmp_path / "next").replace(current)
            await seen.until(_texts("two"))

    async def test_no_thread_works_on_when_it_is_cancelled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(10):
            (tmp_path / f"{number}.md").write_text("Words", "utf-8")
        loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        reads: list[bytes] = []

        def wait(data: bytes) -> None:
            reads.append(data)
            loop.call_soon_threadsafe(begun.set)
            go.wait(20)
            raise module.Unreadable("waited for")

        monkeypatch.setattr("app.knowledge.reading.READERS", {".md": wait})
        task = asyncio.create_task(Folder(tmp_path).watch(_Seen().take))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go.set()
        await loop.shutdown_default_executor()
        assert len(reads) == 1

    async def test_the_event_loop_is_free_while_documents_are_read(self, tmp_path: Path) -> None:
        read_in: list[int] = []

        def note(data: bytes) -> None:
            read_in.append(threading.get_ident())
            raise module.Unreadable("noted")

        (tmp_path / "a.md").write_text("Words", "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.knowledge.reading.READERS", {".md": note})
            async with _watched(tmp_path) as seen:
                await seen.until(lambda loaded: bool(loaded.skipped))
        assert threading.get_ident() not in read_in
