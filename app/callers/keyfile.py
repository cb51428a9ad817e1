"""Changes the file of keys, a line at a time: all else, comments included, stays as it is."""

import fcntl
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final, cast

from pydantic_core import to_json

from app.callers.keys import GivenKey, parse_keys, read_keys
from app.errors import ConfigurationError

_HEAD: Final = """\
# Who may call Groundwork, one key a line; the secrets are not in here, only their digests. Groundwork
# reads this again within a second or two when it changes. `groundwork keys` adds lines and takes them out.
"""
_MODE: Final = 0o644  # it holds no secret, and the service may be another user


class KeyFile:
    """A file of keys that is being changed.

    Attributes:
        keys: those that it has, by public id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = read_keys(path) if path.exists() else {}
        text = path.read_text("utf-8") if path.exists() else _HEAD
        self._lines: list[str] = text.splitlines()

    def put(self, public: str, key: GivenKey) -> None:
        """Add a key, or have it in the place of the one with its id."""
        line = f"{public} = {_toml(key.model_dump(exclude_none=True, exclude_defaults=True))}"
        if public in self.keys:
            self._lines[self._place(public)] = line
        else:
            self._lines.append(line)
        self.keys[public] = key

    def remove(self, public: str) -> None:
        """Take a key out."""
        del self._lines[self._place(public)]
        del self.keys[public]

    def _place(self, public: str) -> int:
        form = re.compile(rf'\s*(["\']?){public}\1\s*=\s*\{{.*\}}\s*(#.*)?')
        for place, line in enumerate(self._lines):
            if form.fullmatch(line):
                return place
        msg = f"{self.path}: the key {public} is not on a line of its own; change it by hand."
        raise ConfigurationError(msg)

    def save(self) -> None:
        """Write it in one piece: whoever reads it finds the old file or the new one."""
        text = "\n".join([*self._lines, ""])
        if parse_keys(text, self.path).keys() != self.keys.keys():
            raise ConfigurationError(f"{self.path}: this cannot be written; change it by hand.")
        target = self.path.resolve()
        mode = target.stat().st_mode if target.exists() else _MODE
        with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), mode & 0o777)
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


@contextmanager
def changing(path: Path) -> Generator[KeyFile]:
    """The file, saved at the end of the block; two who change it wait for each other.

    Raises:
        ConfigurationError: it cannot be read or written, or is wrong.
    """
    try:
        descriptor = os.open(path.resolve().parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            file = KeyFile(path)
            yield file
            file.save()
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be changed: {error.strerror}.") from error


def _toml(value: Any) -> str:
    """A value in TOML, on one line; its strings are JSON's."""
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, Mapping):
        return to_json(value).decode()
    table = cast("Mapping[str, Any]", value)
    return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in table.items())} }}"
