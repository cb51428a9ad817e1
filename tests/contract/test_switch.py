"""``python -m bench.switch``: two models that a script plays, told apart case by case."""

import asyncio
import os
import re
import sys
from pathlib import Path

from app.features import tickets
from app.settings import PREFIX
from tests.hostile.behaviours import Behaviour, Good, Status
from tests.hostile.calls import Call
from tests.hostile.scripts import always
from tests.hostile.upstream import hostile_upstream
from tests.wire.replies import TICKET

ROOT = Path(__file__).parents[2]
CASES = len(tickets.FEATURE.cases)
SECONDS = 120  # until the command is given up


def says(call: Call) -> str:
    return TICKET if call.body["model"] == "old" else "I would rather not."


async def switch(folder: Path, base_url: str, *, following: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command, from ``old`` to what ``following`` says."""
    (folder / ".env").write_text(
        f"{PREFIX}MODEL=openai:old\n{PREFIX}BASE_URL={base_url}\n", "utf-8"
    )
    (folder / "next.env").write_text(following, "utf-8")
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.switch", "next.env", "--only", "tickets"),
        cwd=folder,
        env={**own, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, stdout.decode(), stderr.decode()


async def test_cases_that_got_worse_are_told(tmp_path: Path) -> None:
    async with hostile_upstream(always(Good()), reply=says) as upstream:
        code, told, errors = await switch(
            tmp_path, upstream.base_url, following=f"{PREFIX}MODEL=openai:new\n"
        )
    assert code == 0, errors
    assert told.startswith("now: openai:old, next: openai:new\n")
    figures = re.search(
        r"\| tickets \| (\d+) of \d+ \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \|", told
    )
    assert figures, told
    count, now, after, better, worse = map(float, figures.groups())
    assert (count, after, better) == (CASES, 0, 0)
    assert now > 0
    rows = re.findall(r"^\| tickets t-.*$", told, re.MULTILINE)
    assert len(rows) == worse > 0
    assert all("| 0 |" in row and "model-output-invalid" in row for row in rows)


async def test_the_same_model_changes_nothing(tmp_path: Path) -> None:
    async with hostile_upstream(always(Good()), reply=says) as upstream:
        code, told, errors = await switch(
            tmp_path, upstream.base_url, following=f"{PREFIX}TEMPERATURE=0\n"
        )
    assert code == 0, errors
    assert told.rstrip().endswith("| 0 | 0 |"), "and no table of cases"


async def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    code, told, errors = await switch(
        tmp_path, "http://127.0.0.1:9/v1", following=f"{PREFIX}MODEL=openai:new\n"
    )
    assert code == 1
    assert "| tickets" not in told
    assert errors == "bench: No connection to the model server.\n"


async def test_a_model_that_the_server_does_not_know_is_told_at_once(tmp_path: Path) -> None:
    def script(call: Call) -> Behaviour:
        return Good() if call.body["model"] == "old" else Status(404)

    async with hostile_upstream(script, reply=says) as upstream:
        code, told, errors = await switch(
            tmp_path, upstream.base_url, following=f"{PREFIX}MODEL=openai:new\n"
        )
    assert code == 1
    assert "| tickets" not in told
    assert "it does not know the model" in errors


async def test_cases_that_the_server_failed_at_are_left_out(tmp_path: Path) -> None:
    def script(call: Call) -> Behaviour:
        failing = call.body["model"] == "new" and "tills" in call.text
        return Status(401) if failing else Good()

    async with hostile_upstream(script, reply=lambda _call: TICKET) as upstream:
        code, told, errors = await switch(
            tmp_path, upstream.base_url, following=f"{PREFIX}MODEL=openai:new\n"
        )
    assert code == 0, errors
    failed = errors.count("upstream-rejected")
    assert 0 < failed < CASES
    assert f"| tickets | {CASES - failed} of {CASES} |" in told
    assert told.rstrip().endswith("| 0 | 0 |")
