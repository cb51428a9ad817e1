"""Answers beside their sources, the conversation they belong to, and what they own up to."""

import pytest
from playwright.async_api import expect

from tests.browser import staged_answers
from tests.browser.playground import Playground
from tests.browser.speech import ANSWER


async def test_answer_streams(playground: Playground) -> None:
    await playground.open("answers")
    body = await playground.send()
    assert body["documents"][0]["title"] == "Lumo lamp: warranty"
    await expect(playground.result).to_contain_text("three years")
    assert "First token" in await playground.facts()
    await playground.view("JSON")
    await expect(playground.panel.locator(".raw")).to_contain_text('data: {"type":"delta"')


async def test_without_stream_the_same_comes_at_once(playground: Playground) -> None:
    await playground.open("answers")
    await playground.field("Stream").uncheck()
    await playground.send()
    await expect(playground.result).to_contain_text("three years")
    assert "First token" not in await playground.facts()


async def test_quote_is_marked_in_its_passage(staged: Playground) -> None:
    await staged.open("answers")
    await staged.send()
    await expect(staged.result.locator(".answer-text")).to_have_text(staged_answers.SAID)
    await expect(staged.result.locator(".grounded")).to_be_visible()
    sources = staged.result.get_by_role("complementary", name="Sources")
    await expect(sources.locator("mark")).to_have_text(staged_answers.QUOTE)
    cited = sources.locator("> ol > .source")
    await expect(cited).to_have_count(1)
    await expect(cited).to_contain_text("🔦 The warranty of the Lumo lamp lasts three years.")
    await expect(cited.get_by_role("link")).to_have_attribute(
        "href", "https://help.lumo.example/warranty"
    )
    await sources.get_by_text("1 passage searched, not cited").click()
    await expect(sources.locator("details .source")).to_contain_text("Cables")
    await expect(sources.get_by_role("link")).to_have_count(1)  # a script's address is no link


async def test_conversation_goes_on_until_a_new_one_starts(staged: Playground) -> None:
    await staged.open("answers")
    first = await staged.send()
    assert "history" not in first
    second = await staged.ask(staged_answers.WHICH)
    assert second["history"] == [
        {"role": "user", "content": first["question"]},
        {"role": "assistant", "content": staged_answers.SAID},
    ]
    await expect(staged.result.locator(".earlier")).to_contain_text(first["question"])
    await expect(staged.result.locator(".note")).to_contain_text("Asks back")
    await expect(staged.result).to_contain_text("Searched for: warranty of a lamp")
    third = await staged.ask(first["question"])
    assert len(third["history"]) == 4
    again = await staged.send()
    assert len(again["history"]) == 4  # a question that is asked again is no turn of its own
    await staged.button("Start a new conversation").click()
    assert "history" not in await staged.send()


@pytest.mark.parametrize(
    ("question", "notes"),
    [
        (staged_answers.HUMAN, ["Hand over to a human"]),
        (staged_answers.UNKNOWN, ["Unknown"]),
        (staged_answers.UNPROVEN, ["Not proven", "Cut"]),
    ],
)
async def test_what_is_no_proven_answer_says_so(
    staged: Playground, question: str, notes: list[str]
) -> None:
    await staged.open("answers")
    await staged.ask(question)
    await expect(staged.result.locator(".note strong")).to_have_text(notes)
    await expect(staged.result.locator(".grounded")).to_have_count(0)


async def test_what_its_sources_do_not_hold_is_named(staged: Playground) -> None:
    await staged.open("answers")
    await staged.ask(staged_answers.UNPROVEN)
    await expect(staged.result.locator(".lost")).to_have_text("✗ Figures: no (unexpected: 3)")
    await expect(staged.result.locator(".kept")).to_have_count(0)


async def test_thumb_is_sent_as_feedback(staged: Playground) -> None:
    await staged.open("answers")
    await staged.send()
    async with staged.page.expect_request("**/answers/msg_1/feedback") as sent:
        await staged.button("No, it was wrong").click()
    assert (await sent.value).post_data_json == {"rating": "down"}
    await expect(staged.result.locator(".feedback")).to_contain_text("Thank you.")
    await expect(staged.button("No, it was wrong")).to_have_attribute("aria-pressed", "true")


async def test_stream_that_fails_keeps_what_came_and_says_why(staged: Playground) -> None:
    await staged.open("answers")
    await staged.ask(staged_answers.BREAKS, state="The model server failed")
    await expect(staged.result.locator(".answer-text")).to_have_text("The ")
    await expect(staged.result.locator(".problem")).to_contain_text("upstream-failed")


async def test_a_real_answer_stands_beside_its_source(playground: Playground) -> None:
    await playground.open("answers")
    await playground.send()
    await expect(playground.result.locator(".sources mark")).to_have_text(ANSWER)
    await playground.ask("Do I need the receipt?")
    await expect(playground.result.locator(".earlier")).to_contain_text(ANSWER)
