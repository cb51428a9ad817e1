"""For every eye and every hand: both themes, a narrow window, a keyboard alone, axe-core."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, expect

from tests.browser import staged_answers
from tests.browser.playground import Playground

FEATURES = ["tickets", "answers", "translations", "titles"]
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(250, 249, 246)", "rgb(20, 19, 17)"


async def fill(staged: Playground, feature: str) -> None:
    """The feature's tab with a result, and all that is folded open."""
    await staged.open(feature)
    if feature != "titles":  # where nothing is folded
        await staged.unfold()
    await staged.send()


async def with_problem(staged: Playground) -> None:
    await staged.open("answers")
    await staged.ask(" ", state="A text is empty")


async def with_conversation(staged: Playground) -> None:
    await staged.open("answers")
    await staged.send()
    await staged.ask(staged_answers.WHICH)
    await staged.ask(staged_answers.HUMAN)


async def with_doubts(staged: Playground) -> None:
    await staged.open("answers")
    await staged.ask(staged_answers.UNKNOWN)
    await staged.ask(staged_answers.UNPROVEN)


async def with_doubtful_ticket(staged: Playground) -> None:
    await staged.doubt_tickets()
    await staged.open("tickets")
    await staged.send()


async def with_lists(staged: Playground) -> None:
    await staged.open("translations")
    await staged.pick(1)
    await staged.send()
    await staged.unfold()
    await staged.button("Add to glossary").click()
    await staged.button("Add custom instruction").click()


async def with_code(staged: Playground) -> None:
    await staged.open("answers")
    await staged.view("Code")


async def with_json(staged: Playground) -> None:
    await staged.open("answers")
    await staged.send()
    await staged.view("JSON")


async def with_key(staged: Playground) -> None:
    await staged.open("tickets")
    await staged.page.get_by_text("API key").first.click()


async def while_streaming(staged: Playground) -> None:
    await staged.open("answers")
    await staged.field("Question").fill(staged_answers.ENDLESS)
    await staged.button("Send").click()
    await expect(staged.result).to_contain_text("and so on")


SCENES: list[Callable[[Playground], Awaitable[None]]] = [
    with_problem,
    with_conversation,
    with_doubts,
    with_doubtful_ticket,
    with_lists,
    with_code,
    with_json,
    with_key,
    while_streaming,
]


async def assert_accessible(staged: Playground) -> None:
    axe: Any = Axe()  # its types say little
    results = await axe.run(staged.page)
    found = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in results.response["violations"]
    ]
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("feature", FEATURES)
async def test_axe_finds_nothing_in_any_result(
    staged: Playground, feature: str, theme: str
) -> None:
    await staged.page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType]
    await fill(staged, feature)
    await assert_accessible(staged)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES)
async def test_axe_finds_nothing_elsewhere(
    staged: Playground, scene: Callable[[Playground], Awaitable[None]], theme: str
) -> None:
    await staged.page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType]
    await scene(staged)
    await assert_accessible(staged)


async def _assert_fits(staged: Playground) -> None:
    widths = await staged.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths == [390, 390]


@pytest.mark.parametrize("feature", FEATURES)
async def test_narrow_window_needs_no_sideways_scrolling(staged: Playground, feature: str) -> None:
    await staged.page.set_viewport_size({"width": 390, "height": 844})
    await fill(staged, feature)
    await _assert_fits(staged)
    await expect(staged.result).to_be_in_viewport()
    for view in ("JSON", "Code"):
        await staged.view(view)
        await _assert_fits(staged)


@pytest.mark.parametrize("scene", SCENES)
async def test_nothing_is_too_wide(
    staged: Playground, scene: Callable[[Playground], Awaitable[None]]
) -> None:
    await staged.page.set_viewport_size({"width": 390, "height": 844})
    await scene(staged)
    await _assert_fits(staged)


async def test_theme_follows_the_system_until_it_is_chosen(staged: Playground) -> None:
    page = staged.page
    await page.emulate_media(color_scheme="dark")
    await staged.open("tickets")
    assert await page.evaluate(BACKGROUND) == DARK
    await page.emulate_media(color_scheme="light")
    assert await page.evaluate(BACKGROUND) == LIGHT
    toggle = page.get_by_role("button", name="Change between light and dark")
    await expect(toggle).to_have_text("Dark")
    await toggle.click()
    assert await page.evaluate(BACKGROUND) == DARK
    await page.reload()
    assert await page.evaluate(BACKGROUND) == DARK
    await expect(toggle).to_have_text("Light")


async def tab_to(element: Locator) -> None:
    for _ in range(20):
        if await element.evaluate("element => element === document.activeElement"):
            break
        await element.page.keyboard.press("Tab")
    await expect(element).to_be_focused()


async def test_keyboard_alone_is_enough(staged: Playground) -> None:
    page, press = staged.page, staged.page.keyboard.press
    await page.goto(staged.origin)
    await expect(staged.panel).to_be_visible()
    await press("Tab")
    await expect(page.get_by_role("link", name="Skip to the playground")).to_be_focused()
    await press("Enter")
    await press("Tab")
    await expect(page.get_by_role("tab", name="Tickets")).to_be_focused()
    await press("ArrowRight")
    answers = page.get_by_role("tab", name="Answers")
    await expect(answers).to_be_focused()
    await expect(answers).to_have_attribute("aria-selected", "true")
    await press("Tab")  # the first example
    await press("Enter")
    await tab_to(staged.field("Question"))
    await press("Control+a")
    await page.keyboard.type(staged_answers.HUMAN)
    await press("Enter")
    await expect(staged.state).to_have_text("Done")
    await expect(staged.field("Question")).to_be_focused()
    await tab_to(staged.panel.get_by_role("tab", name="Result"))
    await press("End")
    await expect(staged.panel.get_by_role("tab", name="Code")).to_be_focused()
    await expect(staged.panel.locator(".code-view pre")).to_be_visible()
    await press("Tab")
    await press("ArrowRight")  # no arrow moves between the buttons of "copy as"
    await expect(staged.button("curl")).to_be_focused()


async def test_what_is_focused_can_be_seen(staged: Playground) -> None:
    await staged.open("answers")
    await staged.page.keyboard.press("Tab")
    for _ in range(25):
        outline = await staged.page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle"
        )
        if await staged.page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", await staged.page.evaluate("document.activeElement.outerHTML")
        await staged.page.keyboard.press("Tab")
