"""What this machine, or the container that we are in, has for the engine."""

import ctypes
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from app.embedded.models import Model
from app.errors import ConfigurationError

_OVERHEAD_BYTES: Final = 1024**3  # llama.cpp's buffers, its prompt cache, and the service
_SHARE: Final = 0.8  # of the memory; the rest is everybody else's


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory in bytes, and CPUs, that may be used."""

    memory: int
    cpus: int


def this_machine(cgroup: Path = Path("/sys/fs/cgroup")) -> Machine:
    """What there is, within the limits of a container (Linux)."""
    memory, cpus = sys.maxsize, os.cpu_count() or 1
    if sys.platform != "win32":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if sys.platform == "linux":
        cpus = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):  # no control group, or one without this limit
        memory = min(memory, int((cgroup / "memory.max").read_text()))
    with suppress(OSError, ValueError):
        quota, period = (int(word) for word in (cgroup / "cpu.max").read_text().split())
        cpus = min(cpus, max(1, quota // period))
    return Machine(memory, cpus)


def fitting_slots(model: Model, context: int, machine: Machine, least: int = 1) -> int:
    """How many slots of ``context`` tokens: one for two CPUs, as far as the memory holds them.

    Two CPUs read a prompt as fast for one slot as for four together, and each slot has to read a
    feature's examples once. With ``least``, so many whatever the CPUs.
    """
    wanted = max(least, min(model.slots, machine.cpus // 2))
    left = machine.memory * _SHARE - model.size - _OVERHEAD_BYTES
    slot = context * model.kv_bytes
    return max(1, min(wanted, int(left // slot))) if slot else wanted


def default_cache_dir() -> Path:
    """``groundwork`` in the user's cache folder (XDG on Linux)."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "groundwork"


def require_parts() -> None:
    """See that all is there; ``ConfigurationError`` if a package or a system library is missing."""
    if find_spec("xllamacpp") is None:
        raise ConfigurationError(
            "GROUNDWORK_MODEL=embedded needs the package xllamacpp: "
            "install groundwork[embedded], or name another model."
        )
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            raise ConfigurationError(
                "GROUNDWORK_MODEL=embedded needs the system library libgomp1: "
                "`apt-get install libgomp1` (Debian, Ubuntu) or `dnf install libgomp`."
            ) from None
