"""Takes the pictures of the README and of ``docs/``: the page as it is, on the embedded model.

The type is that of the machine: ``fonts-inter`` and ``fonts-urw-base35`` on Debian.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service import run_service

DOCS = Path(__file__).parents[2] / "docs"
PATIENCE = 600  # seconds for the model, on a slow machine
SETTINGS = {
    "model": "embedded",  # the default
    "timeout": str(PATIENCE),
    "first_token_timeout": str(PATIENCE),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        name: of the file, after ``playground-``.
        feature: the tab.
        example: the chip that is pressed, from 0.
        theme: light or dark.
        width: of the window, in CSS pixels.
        view: of the response.
    """

    name: str
    feature: str
    example: int = 0
    theme: Literal["light", "dark"] = "light"
    width: int = 1280
    view: str = "Result"


PICTURES = (
    Picture("tickets", "tickets"),
    Picture("answers", "answers"),
    Picture("translations", "translations", theme="dark"),
    Picture("code", "answers", view="Code", theme="dark"),
    Picture("narrow", "answers", width=390),
)


def take(picture: Picture, browser: Browser, origin: str) -> None:
    """Take ``picture`` of the service at ``origin``."""
    page: Page = browser.new_page(
        viewport={"width": picture.width, "height": 800}, color_scheme=picture.theme
    )
    page.goto(f"{origin}/#{picture.feature}")
    panel = page.locator("section.feature:visible")
    panel.locator(".examples .chip").nth(picture.example).click()
    panel.get_by_role("button", name="Send", exact=True).click()
    expect(panel.locator(".state")).to_have_text("Done", timeout=PATIENCE * 1000)
    panel.get_by_role("tab", name=picture.view).click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=DOCS / f"playground-{picture.name}.png", full_page=True)
    page.close()


def main() -> None:
    """Take all pictures."""
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        run_service(Path(folder), **SETTINGS) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for picture in PICTURES:
            take(picture, browser, str(service.client.base_url))
        browser.close()


if __name__ == "__main__":
    main()
