"""``groundwork eval``, with a model's server on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.cli import main
from app.features import tickets
from app.settings import PREFIX
from tests.wire.replies import TICKET
from tests.wire.service import PROBE, replied

CASES = [
    {"id": name, "input": {"text": f"zz{name}"}, "expected": {"urgency": urgency, "product": None}}
    for name, urgency in (("one", "medium"), ("two", "high"), ("three", "medium"))
]
LINES = "".join(json.dumps(case) + "\n" for case in CASES)
COMMAND = (sys.executable, "-m", "app.cli", "eval", "tickets", "--cases", "cases.jsonl")


class Upstream(ThreadingHTTPServer):
    """A server that says one ticket to everything; from the ``stuck``-th on it says nothing.

    Attributes:
        asked: the last messages of its calls.
        hangs: set when one gets no answer.
        gone: set when none waits any more.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.stuck: int | None = None
        self.hangs, self.gone = threading.Event(), threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that left needs no answer."""

    @property
    def options(self) -> tuple[str, ...]:
        host, port = self.server_address[:2]
        return "--model", "openai:any", "--base-url", f"http://{host!s}:{port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Upstream  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._send(b"{}")

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body: dict[str, Any] = json.loads(self.rfile.read(length))
        asked: str = body["messages"][-1]["content"]
        if PROBE not in asked:
            self.server.asked.append(asked)
            if self.server.stuck is not None and len(self.server.asked) >= self.server.stuck:
                self.server.hangs.set()
                self.server.gone.wait()
        self._send(replied(lambda _: TICKET, body).content)

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def upstream() -> Generator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.gone.set()
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cases.jsonl").write_text(LINES)
    return tmp_path


def run(*arguments: str) -> None:
    main(("eval", *arguments))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as exited:
        run(*arguments)
    assert exited.value.code == 3
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("groundwork: ")
    assert said.err.count("\n") == 1
    return said.err


def test_it_prints_a_table_and_writes_files(
    upstream: Upstream, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--json", "j", "--markdown", "m", "--junit", "x")
    run("tickets", "--cases", "cases.jsonl", *upstream.options, *files)
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "tickets on openai:any"
    assert lines[2].split() == ["urgency", "(exact)", "66.7", "20.8", "to", "93.9", "3"]
    assert lines[3].split()[:3] == ["product", "(name)", "100.0"]
    assert "valid: 3 of 3" in said.out
    assert not said.err
    (made,) = json.loads((folder / "j").read_bytes())
    assert [each["id"] for each in made["outcomes"]] == ["one", "two", "three"]
    assert (folder / "m").read_text("utf-8").startswith("## tickets on openai:any\n")
    (suite,) = ET.parse(folder / "x").getroot()  # noqa: S314
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    run("tickets", "--cases", "cases.jsonl", *upstream.options)
    assert capsys.readouterr().out == said.out
    assert len(upstream.asked) == 3, "nothing is asked twice"
    run("tickets", "--cases", "cases.jsonl", *upstream.options, "--fresh", "--repeats", "2")
    assert len(upstream.asked) == 9


def test_cost_is_told_by_the_prices(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ("tickets", "--cases", "cases.jsonl", *upstream.options)
    monkeypatch.setenv(f"{PREFIX}PRICES", "input=1, output=2")
    run(*told)
    assert "  cost: 0.0" in capsys.readouterr().out
    monkeypatch.setenv(f"{PREFIX}PRICES", "input=1")
    assert "GROUNDWORK_PRICES: must be like input=0.15," in refused(capsys, *told)


def test_features_are_evaluated_on_their_own_cases(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    run("tickets", *upstream.options)
    assert len(upstream.asked) >= len(tickets.FEATURE.cases)
    assert f"valid: {len(tickets.FEATURE.cases)} of" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_done_before_a_signal_is_not_asked_again(
    upstream: Upstream, folder: Path, number: signal.Signals, code: int
) -> None:
    upstream.stuck = 3
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    root = str(Path(__file__).parents[2])
    environment = own | {"GROUNDWORK_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": root}
    command = (*COMMAND, *upstream.options, "--concurrency", "1")
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        assert upstream.hangs.wait(60)
        process.send_signal(number)
        assert process.wait(60) == code
    finally:
        process.kill()
        process.wait()
    assert len(upstream.asked) == 3
    upstream.stuck = None
    run("tickets", "--cases", "cases.jsonl", *upstream.options)
    assert len(upstream.asked) == 4
    assert "zzthree" in upstream.asked[3]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["titels"], "There is no feature titels. There are tickets, answers"),
        (["--cases", "cases.jsonl"], "name the one feature"),
        (["tickets", "--cases", "none.jsonl"], "none.jsonl:1: it cannot be read: No such file"),
        (["tickets", "--cases", "wrong.jsonl"], "wrong.jsonl:2: id"),
        (["tickets", "--cases", "empty.jsonl"], "tickets has no cases"),
        (["tickets", "--model", "other:any"], "GROUNDWORK_MODEL: must be"),
        (["answers", "--cases", "cases.jsonl"], "cases.jsonl:1: input.question"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], says: str
) -> None:
    (folder / "wrong.jsonl").write_text(f"{LINES.splitlines()[0]}\n{{}}\n")
    (folder / "empty.jsonl").touch()
    model = ("--model", "openai:any") * ("--model" not in arguments)
    address = ("--base-url", "http://127.0.0.1:9/v1")
    assert says in refused(capsys, *model, *address, *arguments)


def test_server_that_is_not_there_is_no_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDWORK_MAX_RETRIES", "0")
    at = ("--model", "openai:any", "--base-url", "http://127.0.0.1:9/v1")
    said = refused(capsys, "tickets", "--cases", "cases.jsonl", *at)
    assert "No case was answered: upstream-unreachable" in said
