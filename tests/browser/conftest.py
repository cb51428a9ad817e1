"""A real browser on the real service, whose upstream says what a function says."""

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.playground import PATIENCE, Playground
from tests.browser.speech import script
from tests.callers.keyring import given_out
from tests.hostile.upstream import HostileUpstream, hostile_upstream
from tests.service import Service, run_service

STAGE = (sys.executable, "-m", "tests.browser.stage")
EXPECTED = "Failed to load resource"  # what Chromium says of a 4xx, which some tests provoke

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def upstream() -> AsyncGenerator[HostileUpstream]:
    async with hostile_upstream(script) as running:
        yield running
    assert running.complaints == []


@pytest.fixture(scope="session")
async def service(
    upstream: HostileUpstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Service]:
    """The service with a fourth feature, and batches."""
    folder = tmp_path_factory.mktemp("service")
    database = f"sqlite:///{folder / 'batches.db'}"
    async with _serving(upstream, folder, *STAGE, database=database) as running:
        yield running


@pytest.fixture(scope="session")
async def stage(
    upstream: HostileUpstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Service]:
    """The same with answers by a script, for all that their wire can say."""
    async with _serving(upstream, tmp_path_factory.mktemp("stage"), *STAGE, "staged") as running:
        yield running


@pytest.fixture
async def locked(
    browser: Browser, upstream: HostileUpstream, tmp_path: Path
) -> AsyncGenerator[tuple[Playground, str]]:
    """The playground of a service with keys, as a stranger opens it, and a key."""
    keys = tmp_path / "keys.toml"
    key = given_out(keys)
    async with (
        _serving(upstream, tmp_path, *STAGE, keys=str(keys)) as service,
        opened(browser, service) as playground,
    ):
        await playground.page.set_extra_http_headers({"via": "1.1 proxy"})
        yield playground, key


@pytest.fixture
async def batching(
    browser: Browser, upstream: HostileUpstream, tmp_path: Path
) -> AsyncGenerator[Playground]:
    """The playground of a service that takes batches, and has none yet."""
    database = f"sqlite:///{tmp_path / 'batches.db'}"
    async with (
        _serving(upstream, tmp_path, *STAGE, database=database) as service,
        opened(browser, service) as playground,
    ):
        yield playground


@asynccontextmanager
async def _serving(
    upstream: HostileUpstream, folder: Path, *command: str, **settings: str
) -> AsyncGenerator[Service]:
    root = str(Path(__file__).parents[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", root)
        wanted = {"model": "openai:any", "base_url": upstream.base_url, **settings}
        manager = run_service(folder, command, **wanted)
        running = await asyncio.to_thread(manager.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        found = shutil.which("chromium")  # without one, the one that Playwright has installed
        browser = await playwright.chromium.launch(executable_path=found)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser, service: Service) -> AsyncGenerator[Playground]:
    """The playground in a window of its own; at the end nothing must have gone wrong in it."""
    origin = str(service.client.base_url)
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    troubles = _watched(page, origin)
    yield Playground(page, origin)
    assert troubles == []
    await context.close()


def _watched(page: Page, origin: str) -> list[str]:
    """What goes wrong in ``page`` from now on, such as a request to another origin."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda said: (
            troubles.append(said.text)
            if said.type in {"error", "warning"} and EXPECTED not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((origin, "data:")) else troubles.append(request.url)
        ),
    )
    return troubles


@pytest.fixture
async def playground(browser: Browser, service: Service) -> AsyncGenerator[Playground]:
    async with opened(browser, service) as running:
        yield running


@pytest.fixture
async def staged(browser: Browser, stage: Service) -> AsyncGenerator[Playground]:
    async with opened(browser, stage) as running:
        yield running


@pytest.fixture(scope="session")
async def modules(browser: Browser, service: Service) -> AsyncGenerator[Page]:
    """A page in which the playground's modules can be imported."""
    page = await browser.new_page()
    await page.goto(str(service.client.base_url))
    yield page
    await page.close()
