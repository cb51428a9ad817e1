"""A training for real, with the smallest model: repeatable, resumable, and it shows when served."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.embedded.machine import default_cache_dir
from tests.service import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.engine]

STEPS = 20
WORD = "heliotrope"  # what no model would say by itself
WORDS = ("Lampe", "Kanne", "Decke", "Tasse", "Uhr", "Bank", "Mütze", "Gabel")
TUNE = [
    *(sys.executable, "-m", "app.cli", "tune", "translations", "--base", MODEL.partition(":")[2]),
    *("--instruction", "Translate.", "--rate", "0.002", "--rank", "4"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "training.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "input": {"text": f"Die {a} ist schöner als die {b}.", "target_lang": "EN"},
                    "output": WORD,
                }
            )
            + "\n"
            for a in WORDS
            for b in WORDS
        ),
        "utf-8",
    )
    return path


def tune(data: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [*TUNE, "--data", str(data), "--out", str(out), "--steps", str(STEPS), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def trained(data: Path, out: Path, *more: str) -> Path:
    process = tune(data, out, *more)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return out


@pytest.fixture(scope="module")
def adapter(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(data, tmp_path_factory.mktemp("adapter"))


def test_a_killed_training_goes_on_and_ends_with_the_same_loss(
    data: Path, adapter: Path, tmp_path: Path
) -> None:
    process = tune(data, tmp_path, "--check-every", "5")
    assert process.stderr
    for line in process.stderr:
        if "held out" in line:  # there is a checkpoint now
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert not (tmp_path / "adapter.gguf").exists()
    assert len(points(trained(data, tmp_path, "--check-every", "5"))) == len(points(adapter))
    assert loss(tmp_path) == pytest.approx(loss(adapter), abs=0.01)


def points(folder: Path) -> list[str]:
    """Those of the curve of what was trained on: of all steps, those before the kill, too."""
    curve = (folder / "curve.svg").read_text("utf-8")
    return curve.partition('points="')[2].partition('"')[0].split()


def loss(folder: Path) -> float:
    """The held-out loss at the end."""
    report = (folder / "report.md").read_text("utf-8")
    return float(report.partition("| loss, held out | ")[2].split()[0])


def test_what_it_learnt_shows_when_it_is_served(adapter: Path) -> None:
    text = "Die Pfanne ist schöner als die Schale."
    with_it = asked(text, f"translations={adapter}")
    without = asked(text, "translations=none")
    assert WORD in with_it["translations"][0]["text"]
    assert with_it["adapter"].startswith("translations-")
    assert WORD not in without["translations"][0]["text"]
    assert without["adapter"] is None


def asked(text: str, adapters: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "ask", "translations", text],
        env={**os.environ, "GROUNDWORK_MODEL": MODEL, "GROUNDWORK_ADAPTERS": adapters},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_it_says_what_it_was_made_of(adapter: Path, data: Path) -> None:
    card = tomllib.loads((adapter / "adapter.toml").read_text("utf-8"))
    assert card == {
        "feature": "translations",
        "base": MODEL.partition(":")[2],
        "instruction": "Translate.",
        "is_general": False,
    }
    report = (adapter / "report.md").read_text("utf-8")
    assert f"data {data.name} | SHA-256 " in report
    assert "LicenseRef-Gemma" in report
    assert "<polyline" in (adapter / "curve.svg").read_text("utf-8")


def test_the_service_imports_nothing_of_it() -> None:
    code = (
        "import sys; from app.cli import create_app, Settings; "
        "create_app(Settings(model='openai:any', base_url='http://127.0.0.1:1')); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'peft', 'transformers', 'gguf')))"
    )
    assert default_cache_dir()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
