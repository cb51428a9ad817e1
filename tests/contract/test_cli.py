"""``groundwork`` from a terminal, as a process of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from app.features import FEATURES
from app.settings import PREFIX
from tests.service import COMMAND, MODEL

QUESTION = {"question": "How long?", "documents": [{"text": "The warranty lasts three years."}]}


def groundwork(
    folder: Path, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX) and "API_KEY" not in k}
    return subprocess.run(
        [COMMAND[0], *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**own, f"{PREFIX}MODEL": MODEL, **settings},
        timeout=120,
        check=False,
    )


def test_features_are_listed(tmp_path: Path) -> None:
    run = groundwork(tmp_path, "features")
    names = [registered.feature.name for registered in FEATURES]
    assert [line.split()[0] for line in run.stdout.splitlines()] == names
    assert {"tickets", "answers", "translations"} <= set(names)


def test_ask_reads_a_pipe(tmp_path: Path) -> None:
    run = groundwork(tmp_path, "ask", "tickets", "-", stdin="My Inkwell Pro does not print.")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["product"] == "Inkwell Pro"


def test_ask_takes_a_whole_body_and_fails_with_its_problem(tmp_path: Path) -> None:
    good = groundwork(tmp_path, "ask", "answers", json.dumps(QUESTION))
    assert "three" in json.loads(good.stdout)["answer"]
    bad = groundwork(tmp_path, "ask", "answers", '{"question": 1}')
    assert bad.returncode == 1
    assert json.loads(bad.stderr)["code"] == "request-invalid"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GROUNDWORK_PROT", "1", "Did you mean GROUNDWORK_PORT?"),
        ("GROUNDWORK_PORT", "high", "GROUNDWORK_PORT: "),
        ("GROUNDWORK_MODEL", "gpt", "GROUNDWORK_MODEL: must be embedded"),
        ("GROUNDWORK_MODEL", "openai:gpt", "OPENAI_API_KEY"),
        ("GROUNDWORK_BASE_URL", "model.test", "GROUNDWORK_BASE_URL: must start with http"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    run = groundwork(tmp_path, "serve", **{name: value})
    assert run.returncode == 1
    assert says in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_settings_are_read_from_a_file_as_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GROUNDWORK_PORT=high\n")
    run = groundwork(tmp_path, "serve")
    assert run.returncode == 1
    assert "GROUNDWORK_PORT" in run.stderr
