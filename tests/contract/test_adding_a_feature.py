"""``docs/adding-a-feature.md`` does what it says: its files make a feature of a copy of the project."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.embedded import Engine
from app.settings import PREFIX
from tests.hostile.behaviours import Good
from tests.hostile.calls import Call
from tests.hostile.scripts import always
from tests.hostile.upstream import hostile_upstream
from tests.service import Service, run_service, running_service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-feature.md").read_text("utf-8")
FILES = re.findall(r"^`([\w/.]+)`:\n\n```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FOLDER = "app/features/titles"
TOOLS = Path(sys.executable).parent
NOTE = "The lamp arrived broken."
LONG = "A title that goes on and on, " * 4


def patched(text: str, diff: str) -> str:
    """``text`` after a diff of whole lines: ``-`` and the ``+`` below it, or `` `` and ``+``."""
    lines = diff.splitlines()
    for anchor, added in zip(lines[::2], lines[1::2], strict=True):
        assert added.startswith("+")
        assert text.count(f"{anchor[1:]}\n") == 1, f"the page is out of date: {anchor[1:]}"
        kept = f"{anchor[1:]}\n" if anchor.startswith(" ") else ""
        text = text.replace(f"{anchor[1:]}\n", f"{kept}{added[1:]}\n")
    return text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project that someone followed the page in."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("app", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, language, text in FILES:
        path = copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(patched(path.read_text("utf-8"), text) if language == "diff" else text)
    return copy


@pytest.fixture
def in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Likewise, and the copy is what processes import."""
    monkeypatch.setenv("PYTHONPATH", str(project))
    return project


def run(folder: Path, *command: str, **settings: str) -> str:
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]],
        cwd=folder,
        env={**os.environ, **settings, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_the_files_of_its_table() -> None:
    table = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    assert {f"{FOLDER}/{name}" for name in table} == {
        name for name, _, _ in FILES if name.startswith(f"{FOLDER}/")
    }
    texts = {name: text for name, _, text in FILES}
    assert 3 <= texts[f"{FOLDER}/examples.jsonl"].count("\n") <= 6
    assert texts[f"{FOLDER}/cases.jsonl"].count("\n") >= 10


def test_its_code_passes_the_checks(project: Path) -> None:
    written = [name for name, _, _ in FILES if name.endswith(".py")]
    run(project, "ruff", "check", *written)
    run(project, "ruff", "format", "--check", *written)
    run(project, "pyright", "--pythonpath", sys.executable, *written)
    run(project, "lint-imports", "--no-cache")


def test_the_frame_s_own_tests_take_it_in(project: Path) -> None:
    assert "titles" in run(project, "groundwork", "features")
    (project / "openapi.json").write_text(run(project, "groundwork", "openapi"), "utf-8")
    run(project, "pytest", "tests/contract/test_openapi.py")
    document: dict[str, Any] = json.loads((project / "openapi.json").read_text("utf-8"))
    assert document["paths"]["/titles"]["post"]["operationId"] == "create_title"
    stream = document["paths"]["/titles/stream"]["post"]["responses"]
    assert list(stream["200"]["content"]) == ["text/event-stream"]
    assert {"422", "502", "503", "504"} <= set(stream)


async def test_it_asks_the_model_and_checks_what_it_says(in_project: Path) -> None:
    calls: list[Call] = []

    def says(call: Call) -> str:
        calls.append(call)
        return LONG if "endless" in call.text and "Not valid" not in call.text else "Broken lamp"

    async with (
        hostile_upstream(always(Good()), reply=says) as upstream,
        running_service(in_project, model="openai:any", base_url=upstream.base_url) as service,
    ):
        good = await asked(service, "/titles", NOTE)
        asking = calls[-1]
        repaired = await asked(service, "/titles", "An endless note.")
        blank = await asked(service, "/titles", " ")
        events = await asyncio.to_thread(service.events, "/titles/stream", {"text": NOTE})
    assert not upstream.complaints
    assert good["title"] == repaired["title"] == "Broken lamp"
    assert good["usage"]["output_tokens"] > 0
    assert blank["code"] == "text-empty"
    assert blank["errors"][0]["pointer"] == "/text"
    assert asking.text == NOTE
    messages = asking.body["messages"]
    texts = {name: text for name, _, text in FILES}
    assert messages[0]["content"] == texts[f"{FOLDER}/instruction.md"].strip()
    assert len(messages) == 2 + 2 * texts[f"{FOLDER}/examples.jsonl"].count("\n")
    assert "".join(event["text"] for event in events[:-1]) == "Broken lamp"
    assert events[-1]["type"] == "completed"
    assert events[-1]["result"]["title"] == "Broken lamp"


async def asked(service: Service, path: str, text: str) -> dict[str, Any]:
    response = await asyncio.to_thread(service.client.post, path, json={"text": text})
    answer: dict[str, Any] = response.json()
    return answer


def test_its_commands_work_on_the_embedded_model(in_project: Path, engine: Engine) -> None:
    commands = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    settings = {"base_url": f"{engine.base_url}/v1", "api_key": engine.key}
    asking = re.findall(r"^\.venv/bin/(groundwork ask .*)$", PAGE, re.MULTILINE)
    own = {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}
    for command in asking:
        assert json.loads(run(in_project, *shlex.split(command), **own))["title"]
    assert len(asking) == 1
    with run_service(in_project, **settings) as service:
        here = service.client.base_url.netloc.decode()
        whole, streamed = (
            subprocess.run(
                shlex.split(command.replace("127.0.0.1:8000", here)),
                capture_output=True,
                check=True,
                timeout=120,
            ).stdout.decode()
            for command in commands
        )
    title = json.loads(whole)["title"]
    assert "lamp" in title.casefold()
    assert f'"title":"{title}"' in streamed.splitlines()[-2]
    assert '"type":"completed"' in streamed.splitlines()[-2]


def test_its_cases_reach_the_floor_that_it_sets(project: Path) -> None:
    figures = run(project, "pytest", "-s", "tests/quality/test_titles.py")
    assert "names what the note is about" in figures
