"""``docs/batches.md`` is what happens: its commands run in their order, beside a service."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from app.errors import GroundworkError
from app.settings import Settings, environment_name
from tests.contract.serving import model_server
from tests.contract.test_deploy import kinds_of
from tests.service import Service, named, run_service
from tests.wire.upstream import KEY

PAGE = Path("docs/batches.md").read_text("utf-8")
CSV, WRONG = "reviews.csv", "wrong.csv"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


COMMANDS = blocks("sh")
(SHEET,) = blocks("csv")
REPORT, LINE = map(json.loads, blocks("json"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """The service, with the settings that commands in this process's environment have, too."""
    folder = tmp_path_factory.mktemp("batches")
    (folder / CSV).write_text(SHEET, "utf-8")
    (folder / WRONG).write_text("id,review\nr1,Sehr gut.\nr2,\n", "utf-8")
    database = f"sqlite:///{folder / 'batches.db'}"
    with model_server() as address, pytest.MonkeyPatch.context() as patch:
        own = {"model": "openai:any", "base_url": address, "api_key": KEY, "database": database}
        patch.setenv("PYTHONPATH", str(Path.cwd()))
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        with run_service(folder, **own) as running:
            for name, value in named(**own).items():
                patch.setenv(name, value)
            patch.setenv("FOLDER", str(folder))
            yield running


def run(command: str, service: Service, batch: str = "") -> subprocess.CompletedProcess[str]:
    here = command.replace("127.0.0.1:8000", service.client.base_url.netloc.decode())
    return subprocess.run(
        ["/bin/sh", "-ec", here.replace("curl ", "curl -sS ").replace("{id}", batch)],
        capture_output=True,
        text=True,
        cwd=os.environ["FOLDER"],
        check=False,
    )


def bodies(printed: str) -> list[Any]:
    """The JSON that one ``curl`` after the other printed."""
    decoder, found, rest = json.JSONDecoder(), list[Any](), printed.strip()
    while rest:
        body, end = decoder.raw_decode(rest)
        found.append(body)
        rest = rest[end:].strip()
    return found


def test_commands_do_what_the_page_says(service: Service) -> None:
    csv_file, over_http, lines, afterwards, wrong = COMMANDS
    folder = Path(os.environ["FOLDER"])

    assert run(csv_file, service).returncode == 0
    head, *rows = (folder / "english.csv").read_text("utf-8").splitlines()
    assert head.startswith("id,review,translations.text,")
    assert head.endswith(",problem")
    assert len(rows) == 3

    (report,) = bodies(run(over_http, service).stdout)
    assert REPORT.keys() - {"…"} <= report.keys()
    assert report["request_counts"].keys() == REPORT["request_counts"].keys()
    assert report["request_counts"]["total"] == REPORT["request_counts"]["total"]
    assert report["distinct_requests"] == REPORT["distinct_requests"]

    done = run(lines, service)
    assert done.returncode == 0, done.stderr
    first, second = (folder / "answers.jsonl").read_text("utf-8").splitlines()
    assert json.loads(first).keys() == LINE.keys()
    assert [json.loads(each)["custom_id"] for each in (first, second)] == ["a", "b"]
    of_lines, of_json = bodies(done.stdout)
    assert of_lines["request_counts"]["total"] == 2
    assert of_json["metadata"] == {"week": "49"}

    until_done(service, report["id"])
    done = run(afterwards, service, report["id"])
    assert done.returncode == 0, done.stderr
    assert "r2," in done.stdout
    assert "r1," not in done.stdout
    assert service.client.get(f"/batches/{report['id']}").json()["code"] == "batch-unknown"

    done = run(wrong, service)
    assert done.returncode == 1
    assert done.stderr in blocks("")


def until_done(service: Service, batch: str) -> None:
    while service.client.get(f"/batches/{batch}").json()["ended_at"] is None:
        pass


def test_names_are_right() -> None:
    codes = {kind.code for kind in kinds_of(GroundworkError)}
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE)) <= codes
    known = {environment_name(*field) for field in Settings.model_fields.items()}
    assert set(re.findall(r"GROUNDWORK_[A-Z_]+", PAGE)) - known == {"GROUNDWORK_KEY"}
    paths = json.loads(Path("openapi.json").read_text("utf-8"))["paths"]
    for path in re.findall(r"`(?:GET|POST|DELETE) (/[^`]+)`", PAGE):
        assert path.replace("{id}", "{batch_id}") in paths
