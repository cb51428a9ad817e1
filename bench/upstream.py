"""The mock as the bench sees it: its address, how it answers, and what it was sent last."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from bench.places import ROOT
from bench.processes import clean_environment, end, first_line, pinned

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Mock:
    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def set_delay(self, milliseconds: int) -> None:
        self._ask("PUT", f"/delay/{milliseconds}")

    def tell_probabilities(self, *, told: bool) -> None:
        self._ask("PUT", f"/probabilities/{told:d}")

    def last_body(self) -> dict[str, Any]:
        """The body of the last completion that was asked about a case of ours."""
        body: dict[str, Any] = json.loads(self._ask("GET", "/last"))
        return body

    def _ask(self, method: str, path: str) -> bytes:
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        with urlopen(request, timeout=_SECONDS) as response:
            answer: bytes = response.read()
        return answer


@contextmanager
def running_mock(core: int | None) -> Generator[Mock]:
    with pinned(core):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.mock"],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    try:
        yield Mock(int(first_line(process)))
    finally:
        end(process)
