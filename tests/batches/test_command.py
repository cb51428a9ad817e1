"""``groundwork batch``, as a process of its own, with a model server on a socket."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli import main
from app.commands.batch.service import key_of
from app.features.translations.schemas import MOST_BYTES
from app.settings import Settings
from tests.callers.keyring import given_out
from tests.contract.serving import model_server
from tests.contract.test_cli import environment
from tests.service import free_port, named
from tests.wire.replies import openai_message
from tests.wire.upstream import KEY

CLI = (sys.executable, "-m", "app.cli")
ROOT = str(Path(__file__).parents[2])
WAIT = 120  # seconds, on a busy machine
TRANSLATED = ("--feature", "translations", "--text", "review", "--set", "target_lang=EN")
"""Options for a file with the column ``review``."""


@dataclass(slots=True)
class Model:
    """Translates, and counts what it is asked.

    Attributes:
        asked: how often, by text.
        at_once: answers that it gives before it waits for ``go_on``.
    """

    asked: Counter[str] = field(default_factory=Counter[str])
    at_once: int = 1_000_000
    go_on: threading.Event = field(default_factory=threading.Event)

    def says(self, messages: list[dict[str, Any]]) -> str | httpx.Response:
        said: str = messages[-1]["content"]
        text = next(line for line in said.splitlines() if line.startswith("Satz"))
        self.asked[text] += 1
        if self.asked.total() > self.at_once:
            self.go_on.wait(WAIT)
        if "verboten" in text:
            return openai_message(text, "content_filter")
        return text.replace("Satz", "Sentence")


@dataclass(frozen=True, slots=True)
class Terminal:
    """A folder to run commands in, with settings."""

    folder: Path
    settings: dict[str, str]

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*CLI, *arguments],
            cwd=self.folder,
            env={**environment(), **self.settings, "PYTHONPATH": ROOT, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What a command prints, on stdout or else stderr."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode == code, err
        return out or err

    def write(self, name: str, rows: Sequence[str], encoding: str = "utf-8") -> None:
        content = "id;review\n" + "".join(f"r{n};{row}\n" for n, row in enumerate(rows, start=1))
        (self.folder / name).write_bytes(content.encode(encoding))

    def read(self, name: str = "out.csv") -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @contextmanager
    def serving(self, port: int) -> Generator[str]:
        """The service; killed at the end."""
        process = subprocess.Popen(
            [*CLI, "serve"],
            cwd=self.folder,
            env={**environment(), **self.settings, **named(port=str(port)), "PYTHONPATH": ROOT},
        )
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _is_there(url))
            yield url
        finally:
            process.kill()
            process.wait()


def until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _is_there(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def terminal(tmp_path: Path, model: Model) -> Generator[Terminal]:
    with model_server(model.says) as address:
        settings = named(
            model="openai:any",
            base_url=address,
            api_key=KEY,
            database=f"sqlite:///{tmp_path / 'kept' / 'batches.db'}",
        )
        yield Terminal(tmp_path, settings)


def test_a_file_from_excel_on_windows(terminal: Terminal, model: Model) -> None:
    terminal.write("in.csv", ["Satz eins: schön", "Satz zwei", "Satz eins: schön"], "windows-1252")
    command = ("batch", "run", "in.csv", *TRANSLATED, "--custom-id", "id", "-o", "out.csv")
    said = terminal.run(*command)
    assert "out.csv: 3 of 3 rows have a result." in said
    rows = terminal.read()
    assert [row["id"] for row in rows] == ["r1", "r2", "r3"]
    assert rows[0]["review"] == "Satz eins: schön"
    assert [row["translations.text"] for row in rows] == [
        *("Sentence eins: schön", "Sentence zwei", "Sentence eins: schön")
    ]
    assert {path.name for path in terminal.folder.iterdir()} == {"in.csv", "out.csv", "kept"}
    once = model.asked.total()

    (terminal.folder / "out.csv").unlink()
    said = terminal.run(*command)
    assert "is completed already; --again asks anew" in said
    assert terminal.read() == rows
    assert model.asked.total() == once

    terminal.run(*command, "--again")
    assert model.asked.total() == 2 * once
    assert len(terminal.run("batch", "list").splitlines()) == 2  # with the head: the first is gone


def test_another_file_or_other_options_are_another_batch(tmp_path: Path) -> None:
    file, said = tmp_path / "in.csv", {"feature": "translations", "text": "review"}
    file.write_text("review\nSatz eins\n")
    key = key_of(file, said)
    assert key == key_of(file, dict(reversed(said.items())))
    assert key != key_of(file, {**said, "target_lang": "EN"})
    file.write_text("review\nSatz zwei\n")
    assert key != key_of(file, said)


@pytest.fixture
def here(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command within this process, which is faster; gives all that it prints."""
    monkeypatch.chdir(terminal.folder)
    for name, value in terminal.settings.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, code: int = 0) -> str:
        said = ""
        try:
            main(arguments)
            ended: int = 0
        except SystemExit as error:
            is_text = isinstance(error.code, str)
            said, ended = (str(error.code), 1) if is_text else ("", int(error.code or 0))
        printed = capsys.readouterr()
        said = printed.out + printed.err + said
        assert ended == code, said
        return said

    return run


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "at a service"])
def test_ctrl_c_leaves_a_batch_that_the_same_command_picks_up(
    terminal: Terminal, model: Model, where: str
) -> None:
    model.at_once = 5
    terminal.write("in.csv", [f"Satz {n}" for n in range(40)])
    command = ["batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv"]
    port = free_port()
    if where == "here":
        said = _broken_off(terminal, command, model)
        asked = model.asked.total()
        assert "The same command goes on with it" in said
        model.go_on.set()
        again = terminal.run(*command)
        assert 5 < asked < 40
        assert len(model.asked) == 40
        assert model.asked.total() < 40 + asked  # what was done is not asked again
    else:
        with terminal.serving(port) as url:
            command += ["--url", url]
            said = _broken_off(terminal, command, model)
            assert "The same command waits for it again" in said
            model.go_on.set()
            again = terminal.run(*command)
        assert set(model.asked.values()) == {1}
    batch = said.split(".")[0]
    assert batch.startswith("batch_")
    assert f"{batch} " in again
    assert len(terminal.read()) == 40


def _broken_off(terminal: Terminal, command: Sequence[str], model: Model) -> str:
    """What a command says at Ctrl-C, once some rows are asked."""
    # What is started in the background, as tests may be, ignores Ctrl-C, and so would the command.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = terminal.start(*command)
    signal.signal(signal.SIGINT, ours)
    try:
        assert process.stderr
        said = process.stderr.readline()
        until(lambda: model.asked.total() > model.at_once)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=WAIT)[1]
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not (terminal.folder / "out.csv").exists()
    return said


@pytest.mark.slow
def test_a_service_that_is_started_anew_is_waited_for(terminal: Terminal, model: Model) -> None:
    model.at_once = 5
    terminal.write("in.csv", [f"Satz {n}" for n in range(40)])
    port = free_port()
    with terminal.serving(port) as url:
        command = ("batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv", "--url", url)
        process = terminal.start(*command)
        until(lambda: model.asked.total() > model.at_once)
    assert process.stderr
    said = "".join(
        process.stderr.readline() for _ in range(3)
    )  # its name, nothing, and that it waits
    model.go_on.set()
    with terminal.serving(port):
        said += process.communicate(timeout=WAIT)[1]
    assert process.returncode == 0, said
    assert said.count("Waiting for the service") == 1
    assert len(terminal.read()) == 40


@pytest.mark.slow
def test_a_model_that_is_away_is_told_and_waited_for(terminal: Terminal, model: Model) -> None:
    terminal.write("in.csv", ["Satz eins"])
    port = free_port()
    away = named(base_url=f"http://127.0.0.1:{port}/v1", max_retries="0")
    process = terminal.start("batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv", **away)
    assert process.stderr
    said = "".join(process.stderr.readline() for _ in range(3))  # its name, nothing, and why
    assert "Waiting for the model: " in said
    with model_server(model.says, port):
        _, rest = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said + rest


def test_rows_that_are_not_valid_are_told_by_line_and_field(
    terminal: Terminal, model: Model
) -> None:
    terminal.write("in.csv", ["Satz eins", "", f"Satz {'x' * MOST_BYTES}"])
    command = ("batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv")
    said = terminal.run(*command, code=1)
    head, *lines = said.splitlines()
    assert head.startswith("groundwork: 2 rows are not valid, so nothing is begun")
    assert [line.split(": ")[:2] for line in lines] == [
        ["line 3", "/text"],
        ["line 4", "/text/0"],
    ]
    assert not model.asked
    assert not (terminal.folder / "out.csv").exists()

    said = terminal.run(*command, "--skip-invalid", code=3)
    assert "1 of 3 rows have a result" in said
    assert "Of 2, `problem` says why" in said
    assert [bool(row["problem"]) for row in terminal.read()] == [False, True, True]


@pytest.mark.slow
def test_rows_that_fail_are_told(terminal: Terminal) -> None:
    terminal.write("in.csv", ["Satz eins", "Satz zwei ist verboten"])
    said = terminal.run("batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv", code=3)
    assert "1 of 2 rows have a result" in said
    good, bad = terminal.read()
    assert not good["problem"]
    assert bad["problem"].startswith("model-refused: ")


@pytest.mark.slow
def test_json_lines_at_a_service_with_keys(terminal: Terminal) -> None:
    keys = terminal.folder / "keys.toml"
    key = given_out(keys)
    rows = [{"custom_id": f"c{n}", "params": {"text": [f"Satz {n}"]}} for n in range(3)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (terminal.folder / "in.jsonl").write_text(lines)
    terminal.settings.update(named(keys=str(keys)))
    with terminal.serving(free_port()) as url:
        at = ("--url", url)
        command = ("batch", "run", "in.jsonl", "--feature", "translations", "-o", "out.jsonl", *at)
        assert "A key is needed" in terminal.run(*command, code=1)
        terminal.run(*command, GROUNDWORK_KEY=key)
        (listed,) = terminal.run("batch", "list", *at, "--key", key).splitlines()[1:]
    results = [
        json.loads(line) for line in (terminal.folder / "out.jsonl").read_text().splitlines()
    ]
    assert [each["custom_id"] for each in results] == ["c0", "c1", "c2"]
    assert results[2]["result"]["translations"][0]["text"] == "Sentence 2"
    assert listed.split()[1:6] == ["translations", "completed", "100%", "3", "0"]


@pytest.mark.slow
def test_a_batch_is_shown_cancelled_and_its_results_written_without_a_model(
    terminal: Terminal, model: Model, here: Callable[..., str]
) -> None:
    model.at_once = 5
    terminal.write("in.csv", [f"Satz {n}" for n in range(40)])
    command = ["batch", "run", "in.csv", *TRANSLATED, "-o", "out.csv"]
    batch = _broken_off(terminal, command, model).split(".")[0]
    asked = model.asked.total()
    assert json.loads(here("batch", "show", batch))["status"] == "in_progress"
    assert here("batch", "cancel", batch) == f"{batch} is cancelled.\n"
    assert model.asked.total() == asked
    here("batch", "results", batch, "-o", "so-far.csv")
    rows = terminal.read("so-far.csv")
    assert len(rows) == 40
    assert 0 < sum(row["problem"].startswith("batch-cancelled") for row in rows) < 40
    said = here(*command, code=3)
    assert f"{batch} is cancelled already; --again asks anew" in said
    assert "There is no such batch" in here("batch", "show", "batch_0", code=1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("in.csv", "--text", "reviw"), 1, "in.csv has no column reviw, but id, review."),
        (("in.csv", "--custom-id", "no"), 1, "in.csv has no column no, but id, review."),
        (("in.csv", "--set", "target_lang"), 2, "must be like target_lang=EN"),
        (("in.csv", "-o", "in.csv"), 2, "is FILE itself"),
        (("in.csv", "-o", "no/out.csv"), 2, "its folder is not there"),
        (("in.xlsx",), 2, "must end in one of .csv, .jsonl, .ndjson"),
        (("in.jsonl", "--text", "review"), 2, "are for CSV"),
        (("in.csv", "--url", "http://127.0.0.1:9"), 1, "The service cannot be asked"),
    ],
)
def test_what_is_wrong_with_a_command_is_told_at_once(
    terminal: Terminal, here: Callable[..., str], arguments: Sequence[str], code: int, says: str
) -> None:
    terminal.write("in.csv", ["Satz eins"])
    for name in ("in.xlsx", "in.jsonl"):
        (terminal.folder / name).touch()
    file, *options = arguments
    said = here(
        "batch", "run", file, "--feature", "translations", "-o", "out.csv", *options, code=code
    )
    assert says in said


def test_an_unknown_feature_is_told_with_those_that_there_are(
    terminal: Terminal, here: Callable[..., str]
) -> None:
    terminal.write("in.csv", ["Satz eins"])
    command = ("batch", "run", "in.csv", "--feature", "x", "--text", "review", "-o", "out.csv")
    assert "one of tickets, answers, translations" in here(*command, code=1)


def test_other_commands_do_without_a_database() -> None:
    program = "import sys, app.cli; print({'sqlalchemy', 'app.commands.batch'} & {*sys.modules})"
    environment_ = {**os.environ, "PYTHONPATH": ROOT}
    run = subprocess.check_output([sys.executable, "-c", program], env=environment_)
    assert run.decode().strip() == "set()"


def test_who_asks_the_model_itself_does_nobody_elses_batches(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'batches.db'}"
    assert Settings(database=database).alone().database is None
