"""Batches in the browser: a file in, its columns, how it goes, a file out."""

import csv
import io
import json
import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import FilePayload, Locator, Page, expect

from app.batches.reading import CsvFile
from tests.browser.playground import Playground
from tests.browser.speech import ENDLESS

SAID = "The product is very good."
TEXT = "Das Produkt ist sehr gut."
CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]),
    max_size=6,
)


def sheet(*rows: str, encoding: str = "utf-8") -> FilePayload:
    """A CSV file with the columns ``id``, ``review`` and ``target_lang``."""
    lines = [f"{n};{row};EN" for n, row in enumerate(rows, start=1)]
    content = "\n".join(["id;review;target_lang", *lines]).encode(encoding)
    return {"name": "reviews.csv", "mimeType": "text/csv", "buffer": content}


async def choose(playground: Playground, file: FilePayload) -> None:
    await playground.open("batches")
    await playground.field("File").set_input_files(file)
    await playground.field("Feature").select_option("translations")


async def begin(playground: Playground, file: FilePayload) -> Locator:
    """Begin a batch of translations; its card."""
    await choose(playground, file)
    await playground.field("Text").select_option("column review")
    await playground.button("Begin").click()
    card = playground.panel.locator(".batch").first
    await expect(card).to_be_visible()
    return card


async def downloaded(page: Page, card: Locator) -> tuple[str, str]:
    """A batch's results: the file's name and text."""
    async with page.expect_download() as coming:
        await card.get_by_role("button", name="Download results").click()
    there = await coming.value
    path = await there.path()
    return there.suggested_filename, path.read_text("utf-8")


async def test_a_file_goes_in_and_comes_out_with_the_answers(batching: Playground) -> None:
    await choose(batching, sheet(TEXT, TEXT, encoding="windows-1252"))
    # A column is chosen beforehand only where its name is the field's.
    await expect(batching.field("Text")).to_have_value("")
    chosen = batching.field("Target language").locator("option:checked")
    await expect(chosen).to_have_text("column target_lang")
    card = await begin(batching, sheet(TEXT, TEXT, encoding="windows-1252"))
    await expect(card.locator(".state")).to_have_text("Completed")
    await expect(card.locator(".facts")).to_contain_text("2 of 2")
    await expect(card.get_by_role("button", name="Cancel")).to_be_hidden()
    name, text = await downloaded(batching.page, card)
    assert name.endswith(".csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["id"], row["translations.text"]) for row in rows] == [("1", SAID), ("2", SAID)]


async def test_a_value_may_be_the_same_in_all_rows(batching: Playground) -> None:
    await choose(batching, sheet(TEXT))
    await batching.field("Text").select_option("column review")
    await batching.field("Target language").select_option("the same in all rows")
    await batching.field("Target language in all rows").select_option("German (DE)")
    await batching.unfold()
    await batching.field("Names of the rows").select_option("column id")
    async with batching.page.expect_request("**/batches?*") as sent:
        await batching.button("Begin").click()
    query = (await sent.value).url.partition("?")[2].split("&")
    assert set(query) == {
        *("text=review", "target_lang=DE", "custom_id=id"),
        *("feature=translations", "skip_invalid=false"),
    }
    await expect(batching.panel.locator(".batch .state")).to_have_text("Completed")


async def test_json_lines_need_no_columns(batching: Playground) -> None:
    rows = [{"custom_id": f"c{n}", "params": {"text": [TEXT]}} for n in range(2)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    await choose(batching, {"name": "rows.jsonl", "mimeType": "", "buffer": lines})
    await expect(batching.panel.locator(".rows")).to_contain_text("custom_id")
    await batching.button("Begin").click()
    card = batching.panel.locator(".batch")
    await expect(card.locator(".state")).to_have_text("Completed")
    name, text = await downloaded(batching.page, card)
    assert name.endswith(".jsonl")
    assert [json.loads(line)["custom_id"] for line in text.splitlines()] == ["c0", "c1"]


async def test_a_batch_that_runs_is_watched_read_and_cancelled(batching: Playground) -> None:
    card = await begin(batching, sheet(TEXT, ENDLESS))
    await expect(card.locator(".facts")).to_contain_text("1 of 2")
    await expect(card.locator(".state")).to_have_text("In progress")
    progress = card.get_by_role("progressbar", name="Progress")
    await expect(progress).to_have_js_property("value", 0.5)
    _, text = await downloaded(batching.page, card)
    assert [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))] == ["1"]
    await batching.page.reload()  # it goes on without anybody
    await expect(card.locator(".facts")).to_contain_text("1 of 2")
    await card.get_by_role("button", name="Cancel").click()
    await expect(card.locator(".state")).to_have_text(re.compile("Cancell(ing|ed)"))


async def test_wrong_rows_are_told_by_line_and_field(batching: Playground) -> None:
    await begin_wrong(batching)
    problem = batching.panel.locator(".problem")
    await expect(problem).to_contain_text("line 3 /text")
    await expect(batching.panel.locator(".batch")).to_have_count(0)
    await batching.panel.get_by_label("Skip rows that are not valid").check()
    await batching.button("Begin").click()
    card = batching.panel.locator(".batch")
    await expect(card.locator(".state")).to_have_text("Completed")
    await expect(card.locator(".facts")).to_contain_text("Failed1")
    await expect(problem).to_have_count(0)


async def begin_wrong(playground: Playground) -> None:
    await choose(playground, sheet(TEXT, ""))
    await playground.field("Text").select_option("column review")
    await playground.button("Begin").click()
    await expect(playground.panel.locator(".problem")).to_be_visible()


async def test_a_file_that_is_dropped_is_taken(batching: Playground) -> None:
    await batching.open("batches")
    await batching.page.evaluate(
        """() => {
            const dropped = new DataTransfer();
            dropped.items.add(new File(["id,text\\n1,a\\n"], "dropped.csv"));
            const zone = document.querySelector(".drop");
            zone.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, cancelable: true }));
        }"""
    )
    await batching.field("Feature").select_option("translations")
    await expect(batching.field("Text").locator("option:checked")).to_have_text("column text")
    await batching.field("File").set_input_files(
        {"name": "no.xlsx", "mimeType": "", "buffer": b"PK"}
    )
    await expect(batching.panel.locator(".error:visible")).to_contain_text("must end in .csv")


async def test_a_service_without_batches_says_so(staged: Playground) -> None:
    await staged.open("batches")
    await expect(staged.panel.locator(".problem")).to_contain_text("batches-off")


async def test_a_key_is_sent(locked: tuple[Playground, str]) -> None:
    playground, key = locked
    await playground.page.goto(playground.origin)
    field = playground.page.get_by_role("textbox", name="API key")
    await field.fill(key)
    await field.press("Enter")
    await playground.open("batches")
    await expect(playground.panel.locator(".problem")).to_contain_text("batches-off")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_and_it_fits_a_phone(batching: Playground, theme: str) -> None:
    page = batching.page
    await page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType]
    await page.set_viewport_size({"width": 390, "height": 844})
    card = await begin(batching, sheet(TEXT, ENDLESS))
    await expect(card.locator(".facts")).to_contain_text("1 of 2")
    await batching.field("Target language").select_option("the same in all rows")
    await batching.unfold()
    await choose(batching, sheet(TEXT, ""))
    await begin_wrong(batching)
    axe: Any = Axe()  # its types say little
    assert (await axe.run(page)).response["violations"] == []
    widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths == [390, 390]


@given(
    columns=st.lists(CELLS, min_size=1, max_size=5, unique=True),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
)
@settings(deadline=None, max_examples=60)
async def test_the_first_line_is_read_as_the_service_reads_it(
    modules: Page, columns: list[str], separator: str, encoding: str, end: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=end)
    writer.writerows([columns, ["x"] * len(columns)])
    content = written.getvalue().encode(encoding)
    read = await modules.evaluate(
        """async (bytes) => {
            const { columnsOf } = await import("/static/playground/batches/csv.js");
            return columnsOf(new Blob([new Uint8Array(bytes)]));
        }""",
        list(content),
    )
    assert read == list(CsvFile(io.BytesIO(content), None).columns)
