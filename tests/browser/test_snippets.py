"""The code that "copy as" gives runs as it is, and does what the page did."""

import ast
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.playground import Playground

KEY = "GROUNDWORK_API_KEY"
AWKWARD = 'It\'s "$HOME" `id` \\n %s !1 🔦\n<b>Das</b> ${x} #{y}\ttab'  # for shells and quoting
CASES = [
    ("tickets", False, False),
    ("tickets", False, True),
    ("answers", True, False),
    ("answers", True, True),
    ("answers", False, False),
    ("titles", True, False),
    ("titles", False, False),
]


@pytest.mark.parametrize(("feature", "stream", "with_key"), CASES)
@pytest.mark.parametrize("language", ["curl", "Python", "TypeScript"])
async def test_copied_code_runs(
    playground: Playground,
    tmp_path: Path,
    feature: str,
    stream: bool,
    with_key: bool,
    language: str,
) -> None:
    page = playground.page
    await playground.open(feature)
    await _write(playground, feature)
    if feature != "tickets":  # which have no stream
        await playground.field("Stream").set_checked(stream)
    if with_key:
        await page.evaluate("sessionStorage.setItem('groundwork-key', 'secret')")
        await page.reload()
        await _write(playground, feature)
    await playground.view("Code")
    await playground.button(language).click()
    await playground.button("Copy").click()
    await expect(playground.panel.locator(".copied")).to_have_text("Copied")
    code: str = await page.evaluate("navigator.clipboard.readText()")
    assert (KEY in code) == with_key
    assert "secret" not in code

    await playground.send()
    await playground.view("JSON")
    shown = json.loads(await playground.field("Response").last.inner_text())
    run = {"curl": _run_in_shell, "Python": _run_in_python}.get(language)
    printed = await run(code, tmp_path) if run else await _run_in_page(code, page)
    assert _same(_last(printed, stream), shown)


async def _write(playground: Playground, feature: str) -> None:
    """Put awkward text into the request, where the feature's answer does not depend on it."""
    label = {"answers": "Question", "tickets": "Body", "titles": "Text"}[feature]
    await playground.field(label).fill(AWKWARD)


async def _run_in_shell(code: str, folder: Path) -> str:
    (folder / "snippet.sh").write_text(code)
    return await _run("sh", str(folder / "snippet.sh"))


async def _run_in_python(code: str, folder: Path) -> str:
    (folder / "snippet.py").write_text(code)
    printed = await _run(sys.executable, str(folder / "snippet.py"))
    return "\n".join(json.dumps(ast.literal_eval(line)) for line in printed.splitlines())


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, KEY: "secret", "no_proxy": "127.0.0.1"},
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def _run_in_page(code: str, page: Page) -> str:
    """TypeScript without type annotations is JavaScript; the browser runs it."""
    await page.evaluate("key => { globalThis.process = { env: { [key]: 'secret' } } }", KEY)
    body = (
        "const lines = []; const console = { log: (value) => lines.push(JSON.stringify(value)) };\n"
        f"{code}\nreturn lines.join('\\n');"
    )
    printed: str = await page.evaluate(f"(async () => {{ {body} }})()")
    return printed


def _last(text: str, stream: bool) -> dict[str, Any]:
    """The result in what was printed: of a stream, in its last event."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
    if not stream:
        whole: dict[str, Any] = json.loads(lines[-1])
        return whole
    events = [json.loads(line) for line in lines]
    assert len(events) > 2
    assert events[-1]["type"] == "completed"
    return events[-1]["result"]


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether they agree in all but the name that each answer has of its own."""
    return one | {"message_id": None} == other | {"message_id": None}
