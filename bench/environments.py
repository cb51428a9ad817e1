"""A virtual environment for each peer, from its hashed lock file."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.errors import BenchError
from bench.places import OWN_BIN, PEERS, WORK

_SECONDS = 900


def bin_of(peer: str) -> Path:
    """The folder of the peer's programs."""
    return WORK / peer / "bin"


def make_environment(peer: str) -> None:
    """Make the peer's environment, unless it is there and its lock is the same."""
    lock = PEERS / f"{peer}.lock"
    stamp = WORK / peer / "lock.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"making the environment of {peer}", file=sys.stderr, flush=True)
    python = bin_of(peer) / "python"
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(WORK / peer))
    _uv("pip", "install", "--quiet", "--require-hashes", "--python", str(python), "-r", str(lock))
    stamp.write_text(digest)


def _uv(*arguments: str) -> None:
    try:
        subprocess.run([OWN_BIN / "uv", *arguments], check=True, timeout=_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise BenchError(f"uv {' '.join(arguments[:2])} failed: {error}") from error
