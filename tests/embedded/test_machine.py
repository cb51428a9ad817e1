"""Slots and threads fit the machine, and the container within it."""

import os
from pathlib import Path

import pytest

from app.embedded.machine import (
    Machine,
    default_cache_dir,
    fitting_slots,
    require_parts,
    this_machine,
)
from app.embedded.models import DEFAULT, Model
from app.errors import ConfigurationError

GIB = 1024**3


@pytest.mark.parametrize(("memory", "slots"), [(64, 4), (4, 4), (3, 1), (1, 1)])
def test_default_takes_the_slots_that_the_memory_holds(memory: int, slots: int) -> None:
    assert fitting_slots(DEFAULT, DEFAULT.context, Machine(memory * GIB, 8)) == slots


@pytest.mark.parametrize(("cpus", "slots"), [(64, 4), (4, 2), (3, 1), (1, 1)])
def test_a_slot_takes_two_cpus(cpus: int, slots: int) -> None:
    assert fitting_slots(DEFAULT, DEFAULT.context, Machine(64 * GIB, cpus)) == slots


def test_longer_context_leaves_fewer_slots() -> None:
    machine = Machine(4 * GIB, 8)
    assert fitting_slots(DEFAULT, 4 * DEFAULT.context, machine) == 1


def test_own_file_is_not_measured() -> None:
    assert fitting_slots(Model(name="own", file="/own.gguf"), 131_072, Machine(GIB, 8)) == 4


def test_container_limits_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert this_machine(tmp_path) == Machine(GIB, 1)


def test_less_than_a_cpu_is_one(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert this_machine(tmp_path).cpus == 1


def test_container_without_limits_has_the_machine(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    whole = this_machine(tmp_path / "nothing")
    assert this_machine(tmp_path) == whole
    assert 1 <= whole.cpus <= (os.cpu_count() or 1)
    assert whole.memory > GIB / 2


@pytest.mark.skipif(os.name == "nt", reason="XDG's")
def test_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert default_cache_dir().parent in (tmp_path / "elsewhere", tmp_path / "Library" / "Caches")


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr("app.embedded.machine.find_spec", nothing)
    with pytest.raises(ConfigurationError, match=r"xllamacpp: install groundwork\[embedded\]"):
        require_parts()


def test_missing_system_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", missing)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ConfigurationError, match="apt-get install libgomp1"):
        require_parts()
