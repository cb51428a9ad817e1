"""The gate's page in a browser: both themes, a narrow window, axe-core, and no request at all."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from app.evaluation.gate.page import page as page_of
from app.evaluation.gate.report import Report
from app.evaluation.gate.verdicts import judge
from app.evaluation.results import Evaluation
from tests.evaluation.gate.made_up import evaluation

PASSED, FAILED = [1.0], [0.0]


def side(tickets: list[float], answers: list[float], titles: list[float]) -> list[Evaluation]:
    return [
        evaluation(tickets, "tickets"),
        evaluation(answers, "answers"),
        evaluation(PASSED * 80, "translations"),
        evaluation(titles, "titles"),
    ]


@pytest.fixture
async def page(browser: Browser, tmp_path: Path) -> AsyncGenerator[Page]:
    """All four verdicts; at the end nothing must have gone wrong."""
    before = side(PASSED * 60, FAILED * 20 + PASSED * 40, PASSED * 10)
    after = side(FAILED * 30 + PASSED * 30, PASSED * 60, FAILED * 2 + PASSED * 8)
    report = Report("embedded", "openai:a-model-with-a-long-name", judge(before, after))
    assert {one.ruling for one in report.verdicts} == {"worse", "better", "same", "undecided"}
    file = tmp_path / "gate.html"
    file.write_text(page_of(report), "utf-8")
    troubles: list[str] = []
    opened = await browser.new_page()
    opened.on("console", lambda said: troubles.append(said.text))
    opened.on("request", lambda request: troubles.append(request.url))
    await opened.goto(file.as_uri())
    yield opened
    assert troubles == [file.as_uri()]
    await opened.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(page: Page, theme: Any) -> None:
    await page.emulate_media(color_scheme=theme)
    for case in await page.locator("summary").all():
        await case.click()
    axe: Any = Axe()  # its types say little
    results = await axe.run(page)
    assert [(one["id"], one["nodes"][0]["html"]) for one in results.response["violations"]] == []


async def test_theme_follows_the_system(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    await page.emulate_media(color_scheme="light")
    assert await page.evaluate(background) == "rgb(250, 249, 246)"
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(background) == "rgb(20, 19, 17)"


async def test_narrow_window_needs_no_sideways_scrolling(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    for case in await page.locator("summary").all():
        await case.click()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_a_case_folds_open_and_a_feature_is_linked(page: Page) -> None:
    await page.get_by_role("link", name="titles").click()
    assert page.url.endswith("#feature-titles")
    case = page.locator("#feature-titles details").first
    await expect(case.locator("pre").first).to_be_hidden()
    await case.locator("summary").click()
    await expect(case.locator("del")).to_have_text("1")
    await expect(case.locator("ins")).to_have_text("0")


async def test_intervals_stand_where_they_should(page: Page) -> None:
    """The dot of a loss is left of nought, the one of a gain right of it, its line around it."""
    charts = page.locator("figure td svg")
    zero = await charts.first.locator(".zero").bounding_box()
    assert zero
    for place, sign in ((0, -1), (1, 1), (2, 0), (3, -1)):
        dot = await charts.nth(place).locator(".mean").bounding_box()
        line = await charts.nth(place).locator(".range").bounding_box()
        assert dot
        assert line
        middle = dot["x"] + dot["width"] / 2
        assert line["x"] < middle < line["x"] + line["width"]
        assert (middle - zero["x"] > 3) - (middle - zero["x"] < -3) == sign
