"""``/docs`` in a real browser: offline, under its strict policy, with examples that run."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.browser.playground import PATIENCE
from tests.service import Service

# In the page before its own scripts.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
    violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture
async def docs(browser: Browser, service: Service) -> AsyncGenerator[Page]:
    """The page, opened; at the end nothing must have gone wrong in it."""
    origin = str(service.client.base_url)
    page = await browser.new_page()
    page.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url))
    await page.add_init_script(WATCH)
    await page.goto(f"{origin}/docs")
    yield page
    assert await page.evaluate("violations") == []
    assert [trouble for trouble in troubles if not trouble.startswith((origin, "data:"))] == []
    await page.close()


def operations(service: Service) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each."""
    paths = service.client.get("/openapi.json").json()["paths"]
    return [(method, path, paths[path][method]) for path in paths for method in paths[path]]


async def execute(block: Locator, operation: dict[str, Any]) -> tuple[str, str]:
    """Status and body of what comes back when the operation's example is sent as it is."""
    await block.locator(".opblock-summary-control").click()
    if raw := operation["requestBody"]["content"].get("message/rfc822"):
        email = FilePayload(name="a.eml", mimeType="message/rfc822", buffer=raw["example"].encode())
        await block.locator("input[type=file]").set_input_files(email)
    await block.get_by_role("button", name="Execute").click()
    live = block.locator(".live-responses-table tbody tr").first
    status = await live.locator(".response-col_status").inner_text()
    return status.split()[0], await live.locator(".response-col_description").inner_text()


async def test_every_example_runs(docs: Page, service: Service) -> None:
    tried = 0
    for method, path, operation in operations(service):
        if method != "post" or "{" in path:  # a path with a name in it has no example
            continue
        block = docs.locator(f"#operations-{operation['tags'][0]}-{operation['operationId']}")
        status, body = await execute(block, operation)
        assert status == ("201" if path == "/batches" else "200"), (path, body)
        assert ('"type":"completed"' in body) is path.endswith("/stream"), (path, body)
        tried += 1
    assert tried >= 8


async def test_every_operation_is_there(docs: Page, service: Service) -> None:
    await expect(docs.locator(".opblock")).to_have_count(len(operations(service)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_follows_the_theme(docs: Page, scheme: Any) -> None:
    await docs.emulate_media(color_scheme=scheme)
    await expect(docs.get_by_role("heading", name="Groundwork")).to_be_visible()
    colour = await docs.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (colour == "rgb(28, 32, 34)") is (scheme == "dark"), colour
