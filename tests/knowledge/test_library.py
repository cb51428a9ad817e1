"""A library follows its folder: what it holds is what it finds."""

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from app.errors import ConfigurationError, Overloaded
from app.knowledge import library as module
from app.knowledge.library import Library, Skipped, folder_at
from app.knowledge.reading import Unreadable


class _Seen:
    """What libraries take from their folders."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[Sequence[str]] = []
        self._news = asyncio.Event()
        look = Library.look

        async def noted(library: Library) -> None:
            before = library.index
            await look(library)
            if library.index is not before:
                self.all.append([source.text for source in library.sources])
                self._news.set()

        monkeypatch.setattr(Library, "look", noted)

    async def until(self, *texts: str) -> None:
        async with asyncio.timeout(20):
            while not self.all or self.all[-1] != list(texts):
                self._news.clear()
                await self._news.wait()


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> _Seen:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    return _Seen(monkeypatch)


def opened(path: Path) -> AbstractAsyncContextManager[Library]:
    return Library(path).opened()


async def test_without_a_folder_there_are_no_documents() -> None:
    async with Library().opened() as library:
        await library.wait()
        assert (library.index.search("lamp"), library.problem()) == ([], None)


async def test_the_sample_is_found_and_searched() -> None:
    async with Library(folder_at(Path("sample"))).opened() as library:
        assert library.problem()
        await library.wait()
        (found,) = library.index.search("How do I descale my Brewly?", 1)
    assert found.passage.source.id == "brewly-one/descaling.md"
    assert found.passage.sentences
    assert (library.skipped, library.index.language) == ((), "en")
    assert 30 < library.index.documents < library.index.passages


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
    async with opened(tmp_path) as library:
        await seen.until()
        (tmp_path / "a.png").write_bytes(b"no document")
        (tmp_path / "b.pdf").write_bytes(b"no PDF")
        (tmp_path / "c.md").write_text("One", "utf-8")
        await seen.until("One")
    assert len(seen.all) <= 3
    assert library.skipped == (Skipped("b.pdf", "it is not a PDF"),)


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
    library = Library(tmp_path)
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


# What is read of a folder -------------------------------------------------------------------------


async def _read(folder: Path) -> Library:
    library = Library(folder)
    await library.look()
    return library


async def _ids(folder: Path) -> list[str]:
    return [source.id for source in (await _read(folder)).sources]


async def test_reads_all_formats_of_all_subfolders_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.txt", "b/a.html", "a.MD", "c.md", "b/c.markdown"):
        (tmp_path / name).write_text("Words of a document.", "utf-8")
    assert await _ids(tmp_path) == [
        "a.MD",
        "c.md",
        "z.txt",
        "b/a.html",
        "b/c.markdown",
    ]


async def test_hidden_and_foreign_files_are_no_documents(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (".hidden.md", ".git/a.md", "a.png", "Makefile", "a.md.swp"):
        (tmp_path / name).write_text("Words.", "utf-8")
    assert await _ids(tmp_path) == []


async def test_what_cannot_be_read_is_skipped_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no PDF at all")
    (tmp_path / "b.md").write_text("Words.", "utf-8")
    (tmp_path / "c.txt").write_bytes(b"PK\x03\x04\0\0")
    with caplog.at_level(logging.WARNING):
        library = await _read(tmp_path)
        await library.look()
    assert [source.id for source in library.sources] == ["b.md"]
    assert library.skipped == (
        Skipped("a.pdf", "it is not a PDF"),
        Skipped("c.txt", "it is not text"),
    )
    assert [record.getMessage() for record in caplog.records] == [
        "The document a.pdf is skipped: it is not a PDF.",
        "The document c.txt is skipped: it is not text.",
    ]


async def test_a_reader_that_fails_costs_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(data: bytes) -> None:
        raise RuntimeError

    monkeypatch.setattr(module, "READERS", {".md": fail, ".txt": fail})
    monkeypatch.setattr("app.knowledge.reading.READERS", {".md": fail})
    (tmp_path / "a.md").write_text("Words.", "utf-8")
    library = await _read(tmp_path)
    assert library.skipped == (Skipped("a.md", "reading it failed"),)
    assert caplog.records[0].exc_info


async def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    first.write_text("One word.", "utf-8")
    second.write_text("Two words.", "utf-8")
    library = await _read(tmp_path)
    before = library.sources
    times = second.stat()
    second.write_text("New words.", "utf-8")
    os.utime(second, ns=(times.st_atime_ns, times.st_mtime_ns))
    await library.look()
    assert library.sources[0] is before[0]
    assert library.sources[1].text == "New words."
    index = library.index
    await library.look()
    assert library.index is index


async def test_links_lead_to_places_of_the_folder_and_to_none_twice(tmp_path: Path) -> None:
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
        "parent": "..",
        "self": ".",
        "circle.md": "circle.md",
        "nowhere.md": "nothing.md",
    }.items():
        (docs / name).symlink_to(target)
    (mounted / "up").symlink_to(".")
    assert await _ids(docs) == ["a.md", "b.md", "sub/c.md"]


async def test_a_circle_of_hidden_links_ends(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "a.md").write_text("Words.", "utf-8")
    (tmp_path / ".data" / "up").symlink_to(".")
    (tmp_path / "docs").symlink_to(".data")
    assert await _ids(tmp_path) == ["docs/a.md"]


async def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    assert await _ids(tmp_path) == []


async def test_a_name_that_is_not_unicode_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("Words.", "utf-8")
    assert await _ids(tmp_path) == ["caf\ufffd.txt"]


def test_no_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere is not a folder"):
        folder_at(tmp_path / "nowhere")


async def test_a_folder_that_is_gone_keeps_its_documents_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Words.", "utf-8")
    library = await _read(docs)
    before = library.sources
    docs.rename(tmp_path / "old")
    for _ in range(3):
        await library.look()
        assert library.sources == before
    assert caplog.text.count("cannot be opened") == 1
    assert library.skipped == (Skipped(".", "it cannot be opened: No such file or directory"),)
    docs.mkdir()
    await library.look()
    assert (library.sources, library.skipped) == ((), ())


async def test_a_subfolder_that_cannot_be_listed_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.md").write_text("Words.", "utf-8")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may list all
    library = await _read(tmp_path)
    assert [source.id for source in library.sources] == ["a.md"]
    assert [skipped.id for skipped in library.skipped] == ["locked"]
