"""The pages say what is so: commands, settings, links."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings, settings_table
from tests.service import COMMAND, PATIENT, run_service

README = Path("README.md").read_text("utf-8")
SHOWN = re.findall(r"```\n(curl .*?)```\n```json\n(.*?)```", README, re.DOTALL)
LEFT_OUT = {"usage", "confidence", "message_id", "passages"}  # too long, or new each time


@pytest.mark.slow
def test_commands_give_what_is_shown(tmp_path: Path) -> None:
    """But for the words, which are the model's."""
    assert len(SHOWN) == README.count("\ncurl ") == 3
    model: str = Settings.model_fields["model"].default
    with run_service(tmp_path, (*COMMAND, "--sample"), model=model, **PATIENT) as service:
        for command, shown in SHOWN:
            assert "127.0.0.1:8000" in command
            here = command.replace("127.0.0.1:8000", service.client.base_url.netloc.decode())
            run = subprocess.run(["/bin/sh", "-c", here], capture_output=True, check=True)
            answer = json.loads(run.stdout)
            assert answer["usage"]["output_tokens"] > 0
            assert answer.keys() - LEFT_OUT == json.loads(shown).keys()


def test_page_of_the_settings_is_what_the_command_prints() -> None:
    page = Path("docs/settings.md").read_text("utf-8")
    assert page == f"# Settings\n\n{settings_table()}\n", "run `make snapshot`"


@pytest.mark.parametrize("page", ["README.md", *sorted(map(str, Path("docs").glob("*.md")))])
def test_links_lead_somewhere(page: str) -> None:
    text = Path(page).read_text("utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)", text):
        there = Path(page).parent / target if target else Path(page)
        assert there.exists(), target
        assert not anchor or anchor[1:] in anchors(there.read_text("utf-8")), anchor


def test_promises_have_their_tests() -> None:
    """Each row's tests are in the files or folders that it names, or in ``test_door.py``."""
    rows = [
        line for line in Path("docs/security.md").read_text("utf-8").split("\n") if "`test" in line
    ]
    assert len(rows) >= 15
    for row in rows:
        paths = ["tests/callers/test_door.py", *re.findall(r"`(tests/[\w/.]+)`", row)]
        files = [file for path in paths for file in (Path(path), *Path(path).glob("test_*.py"))]
        tests = "".join(file.read_text("utf-8") for file in files if file.is_file())
        for name in re.findall(r"`(test_\w+)`", row):
            assert f"def {name}(" in tests, name
        for path in paths:
            assert Path(path).exists(), path


def anchors(text: str) -> list[str]:
    """Names that headings get on GitHub."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
