"""``groundwork gate`` through the whole service, with a model's server on loopback."""

import json
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.evaluation.gate.asking import expected
from app.settings import PREFIX
from tests.wire.replies import TICKET
from tests.wire.service import PROBE, replied

LOW = json.dumps(json.loads(TICKET) | {"urgency": "low"})
SAID = {"good": TICKET, "other": TICKET, "bad": LOW}
CASES = [
    {"id": f"t-{number}", "input": {"text": f"zz{number}"}, "expected": {"urgency": "medium"}}
    for number in range(75)
]


class Upstream(ThreadingHTTPServer):
    """A server of the models of ``SAID``; remembers which were asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Upstream  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._send(b"{}")

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if PROBE not in body["messages"][-1]["content"]:
            self.server.asked.append(body["model"])
        self._send(replied(lambda _: SAID[body["model"]], body).content)

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Upstream]:
    monkeypatch.chdir(tmp_path)
    with Upstream() as server:
        host, port = server.server_address[:2]
        monkeypatch.setenv(f"{PREFIX}MODEL", "openai:any")
        monkeypatch.setenv(f"{PREFIX}BASE_URL", f"http://{host!s}:{port}/v1")
        monkeypatch.setenv(f"{PREFIX}CACHE_DIR", str(tmp_path / "cache"))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


Gate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gate(upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gate:
    del upstream
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES))

    def run(*arguments: str, features: tuple[str, ...] = ("tickets",)) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exited:
            main(["gate", *features, "--cases", "cases.jsonl", *arguments])
        assert isinstance(exited.value.code, int)
        captured = capsys.readouterr()
        return exited.value.code, captured.out, captured.err

    return run


def test_a_model_that_is_worse(gate: Gate, upstream: Upstream) -> None:
    code, out, err = gate("--from", "openai:good", "--to", "openai:bad")
    assert code == 1
    assert "tickets  worse     100.0    0.0" in out
    assert err.startswith("144 calls for 150 answers; at most about 1 minute.")
    order = upstream.asked[6:]  # the first six tell how long it takes
    assert order == ["good"] * 72 + ["bad"] * 72
    assert upstream.asked[:6] == ["good"] * 3 + ["bad"] * 3


def test_what_was_answered_is_not_asked_again(gate: Gate, upstream: Upstream) -> None:
    gate("--from", "openai:good", "--to", "openai:other")
    upstream.asked.clear()
    code, _, err = gate("--from", "openai:good", "--to", "openai:other")
    assert (code, err) == (0, "150 answers are kept from before; nothing is to be asked.\n")
    assert upstream.asked == []


def test_how_long_it_takes_is_told_by_what_is_kept_and_still_open() -> None:
    assert expected(["a", "b", "c"], [30, 4, 2]) == {"a": 30, "b": 4, "c": 4}
    assert expected(["a", "b"], []) == {"a": None, "b": None}
    assert expected([], [5, 5]) == {}


def test_a_baseline_is_compared_without_its_model(
    gate: Gate, upstream: Upstream, tmp_path: Path
) -> None:
    told = ("--from", "openai:good", "--to", "openai:good", "--write-baseline", "baseline.json")
    assert gate(*told)[2].startswith("72 calls for 150 answers;")
    assert len(upstream.asked) == 75, "both sides are the same, and asked once"
    upstream.asked.clear()
    assert gate("--from", "baseline.json", "--to", "openai:bad")[0] == 1
    assert set(upstream.asked) == {"bad"}
    changed = [*CASES[:-1], CASES[-1] | {"expected": {"urgency": "high"}}]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in changed))
    code, _, err = gate("--from", "baseline.json", "--to", "openai:bad")
    assert (code, err) == (
        3,
        (
            "groundwork: baseline.json and openai:bad have other cases by the same id: tickets t-74; "
            "give both the same, or write the baseline anew.\n"
        ),
    )


def test_another_provider_does_not_get_the_address_and_the_key(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}API_KEY", "of-the-one")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    code, _, err = gate("--from", "openai:good", "--to", "anthropic:any")
    assert code == 3
    assert "GROUNDWORK_MODEL=anthropic:any needs a key" in err


def test_what_is_wrong_is_said_in_a_line(gate: Gate) -> None:
    code, _, err = gate("--from", "openai:good", "--to", "openai:bad", features=("none",))
    assert (code, len(err.splitlines())) == (3, 1)
    assert "There is no feature none." in err
