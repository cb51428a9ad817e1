import logging
import os
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.knowledge import folder as module
from app.knowledge.folder import Folder, Loaded, Skipped


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

    def test_what_cannot_be_listed_keeps_its_documents_and_is_told_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        (docs / "a.md").write_text("Words.", "utf-8")
        folder = Folder(docs)
        before = folder.load()
        docs.rename(tmp_path / "old")
        assert folder.load() is folder.load() is before
        assert caplog.text.count("cannot be listed") == 1
        docs.mkdir()
        assert folder.load() == Loaded((), ())

    def test_an_empty_folder_is_fine(self, tmp_path: Path) -> None:
        assert Folder(tmp_path).load() == Loaded((), ())
