"""How far a download is: a bar on a terminal, lines now and then elsewhere."""

import sys
from collections.abc import Callable
from io import TextIOBase
from typing import Final

from tqdm import tqdm

Say = Callable[[str], None]
tqdm.monitor_interval = 0  # no thread that watches the bars

_LINE: Final = "{desc}: {percentage:.0f} % of {total_fmt}, {rate_fmt}, {remaining} left"
_BAR_SECONDS, _LINE_SECONDS = 0.1, 5.0


def say_on_stderr(line: str) -> None:
    """One line for whoever watches."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 # a command's own words


class _Lines(TextIOBase):
    """A file for tqdm that passes on lines instead of drawing over one."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def write(self, text: str, /) -> int:
        if line := text.strip():
            self._say(line)
        return len(text)


class Meter:
    """Shows how many bytes are there, the rate and the time left; close it."""

    def __init__(self, label: str, there: int, total: int, say: Say) -> None:
        """Say it in lines; a terminal gets a bar instead where ``say`` is :func:`say_on_stderr`."""
        self._label, self._say = label, say
        terminal = say is say_on_stderr and sys.stderr.isatty()
        self._bar = tqdm(
            desc=label,
            initial=there,
            total=total,
            unit="B",
            unit_scale=True,
            file=sys.stderr if terminal else _Lines(say),
            mininterval=_BAR_SECONDS if terminal else _LINE_SECONDS,
            bar_format=None if terminal else _LINE,
        )

    def at(self, done: int) -> None:
        """So many bytes are there by now."""
        self._bar.update(done - self._bar.n)

    def note(self, text: str) -> None:
        """Something besides, in words."""
        self._bar.clear()
        self._say(f"{self._label}: {text}")

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()
