"""A library follows its folder: what it holds is what it finds."""

import asyncio
import shutil
import threading
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from app.errors import Overloaded
from app.knowledge import library as module
from app.knowledge.folder import Folder, Loaded, Skipped
from app.knowledge.library import Library, folder_at
from app.knowledge.reading import Unreadable


class _Seen:
    """What libraries take from their folders."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[Loaded] = []
        self._news = asyncio.Event()
        take = Library._take  # pyright: ignore[reportPrivateUsage]

        async def noted(library: Library, loaded: Loaded) -> None:
            await take(library, loaded)
            self.all.append(loaded)
            self._news.set()

        monkeypatch.setattr(Library, "_take", noted)

    async def until(self, *texts: str) -> None:
        async with asyncio.timeout(20):
            while not self.all or [source.text for source in self.all[-1].sources] != list(texts):
                self._news.clear()
                await self._news.wait()


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> _Seen:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    return _Seen(monkeypatch)


def opened(path: Path) -> AbstractAsyncContextManager[Library]:
    return Library(Folder(path)).opened()


async def test_without_a_folder_there_are_no_documents() -> None:
    async with Library().opened() as library:
        await library.wait()
        assert (library.search("lamp", 5), library.problem(), library.language) == ([], None, "en")


async def test_the_sample_is_found_and_searched() -> None:
    async with Library(folder_at(Path("sample"))).opened() as library:
        assert library.problem()
        await library.wait()
        (found,) = library.search("How do I descale my Brewly?", 1)
        report = library.report()
    assert found.passage.source.id == "brewly-one/descaling.md"
    assert found.passage.sentences
    assert (report.skipped, library.language) == ((), "en")
    assert 30 < report.documents < report.passages


async def test_it_follows_what_changes(tmp_path: Path, seen: _Seen) -> None:
    document = tmp_path / "a.md"
    document.write_text("One", "utf-8")
    async with opened(tmp_path):
        await seen.until("One")
        document.write_text("Two", "utf-8")
        await seen.until("Two")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "b.txt").write_text("Three", "utf-8")
        await seen.until("Two", "Three")
        document.unlink()
        await seen.until("Three")


async def test_what_is_no_document_changes_nothing(tmp_path: Path, seen: _Seen) -> None:
    async with opened(tmp_path):
        await seen.until()
        (tmp_path / "a.png").write_bytes(b"no document")
        (tmp_path / "b.pdf").write_bytes(b"no PDF")
        (tmp_path / "c.md").write_text("One", "utf-8")
        await seen.until("One")
    assert len(seen.all) <= 3
    assert seen.all[-1].skipped == (Skipped("b.pdf", "it is not a PDF"),)


async def test_a_file_read_while_it_is_written_is_read_again(tmp_path: Path, seen: _Seen) -> None:
    async with opened(tmp_path):
        with (tmp_path / "a.txt").open("w", encoding="utf-8") as file:
            file.write("Half")
            file.flush()
            await seen.until("Half")
            file.write(" and half")
        await seen.until("Half and half")


async def test_a_folder_that_goes_and_comes_back_is_followed(tmp_path: Path, seen: _Seen) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("One", "utf-8")
    async with opened(docs):
        await seen.until("One")
        shutil.rmtree(docs)
        docs.mkdir()
        (docs / "b.md").write_text("Two", "utf-8")
        await seen.until("Two")


async def test_a_link_that_is_turned_is_followed(tmp_path: Path, seen: _Seen) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(name, "utf-8")
    current = tmp_path / "current"
    current.symlink_to("one")
    async with opened(current):
        await seen.until("one")
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(current)
        await seen.until("two")


async def test_who_comes_too_early_waits_then_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(Folder(tmp_path))
    monkeypatch.setattr(module, "_WAITS_SECONDS", 0.01)
    with pytest.raises(Overloaded):
        await library.wait()


async def test_documents_are_read_in_a_thread_that_ends_with_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        (tmp_path / f"{number}.md").write_text("Words", "utf-8")
    loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    read_in: list[int] = []

    def wait(data: bytes) -> None:
        read_in.append(threading.get_ident())
        loop.call_soon_threadsafe(begun.set)
        go.wait(20)
        raise Unreadable("waited for")

    monkeypatch.setattr("app.knowledge.reading.READERS", {".md": wait})
    async with opened(tmp_path):
        await begun.wait()
    go.set()
    await loop.shutdown_default_executor()
    assert len(read_in) == 1
    assert threading.get_ident() not in read_in
