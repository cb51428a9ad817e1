"""A terminal gets one bar, a log gets lines."""

import io

import pytest

from app.embedded.progress import Meter, say_on_stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_tell_share_rate_and_time_left() -> None:
    said: list[str] = []
    meter = Meter("tiny", 50_000_000, 100_000_000, said.append)
    meter.note("the page is down.")
    meter.at(100_000_000)
    meter.close()
    assert said[0].startswith("tiny: 50 % of 100M, ")
    assert said[1] == "tiny: the page is down."
    assert said[-1].startswith("tiny: 100 % of 100M, ")
    assert said[-1].endswith("B/s, 00:00 left")


def test_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    meter = Meter("tiny", 0, 100, say_on_stderr)
    meter.at(100)
    meter.close()
    assert "\rtiny: 100%|" in terminal.getvalue()
    assert "B/s" in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1
