"""The README says what is so: its commands give what it shows, its table is the settings'."""

import json
import re
import subprocess
from pathlib import Path

from app.settings import settings_table
from tests.service import COMMAND, run_service

README = Path("README.md").read_text("utf-8")
SHOWN = re.findall(r"```\n(curl .*?)```\n```json\n(.*?)```", README, re.DOTALL)


def test_commands_give_what_is_shown(tmp_path: Path) -> None:
    assert len(SHOWN) == README.count("\ncurl ") == 3
    with run_service(tmp_path, (*COMMAND, "--sample")) as service:
        for _ in ("cold", "warm"):
            for command, shown in SHOWN:
                assert "127.0.0.1:8000" in command
                here = command.replace("127.0.0.1:8000", service.client.base_url.netloc.decode())
                run = subprocess.run(
                    ["/bin/sh", "-c", here], capture_output=True, check=True, timeout=60
                )
                answer = json.loads(run.stdout)
                assert answer.pop("usage")["output_tokens"] > 0
                for long in ("message_id", "passages"):
                    answer.pop(long, None)
                assert answer == json.loads(shown)


def test_table_is_that_of_the_settings() -> None:
    assert settings_table() in README
