"""A service with keys, opened by somebody who has none yet."""

from playwright.async_api import expect

from tests.browser.playground import Playground

Locked = tuple[Playground, str]


async def test_playground_asks_for_a_key_and_goes_on_with_it(locked: Locked) -> None:
    playground, key = locked
    page = playground.page
    await page.goto(playground.origin)
    await expect(page.get_by_role("alert")).to_contain_text("A key is needed")
    field = page.get_by_role("textbox", name="API key")
    await expect(field).to_be_focused()
    await field.fill(f"{key}x")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("mistyped")
    await field.fill(key)
    await field.press("Enter")
    await expect(page.locator("#readiness")).to_have_text("Ready")
    await playground.open("translations")
    await playground.pick(0)
    await playground.send()

    await page.get_by_role("link", name="API docs").click()
    await expect(page.get_by_text("/tickets").first).to_be_visible()


async def test_docs_tell_a_stranger_nothing(locked: Locked) -> None:
    playground, _ = locked
    await playground.page.goto(f"{playground.origin}/docs")
    await expect(playground.page.get_by_text("Unauthorized")).to_be_visible()
    await expect(playground.page.get_by_text("/tickets")).to_have_count(0)
