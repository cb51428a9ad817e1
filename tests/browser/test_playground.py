"""What each tab shows, and what happens when things go wrong."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.playground import Playground
from tests.browser.speech import ENDLESS, INVENTED, MARKUP, TITLE
from tests.gateway.support import until
from tests.hostile.upstream import HostileUpstream

SECRET = "key-of-the-caller"


async def test_each_feature_has_its_tab_and_a_fourth_appears_by_itself(
    playground: Playground,
) -> None:
    await playground.page.goto(playground.origin)
    tabs = playground.page.get_by_role("tablist", name="Features").get_by_role("tab")
    await expect(tabs).to_have_text(["Tickets", "Answers", "Translations", "Titles", "Batches"])
    await tabs.nth(3).click()
    await playground.field("Text").fill("Ana finishes the website.")
    assert await playground.send() == {"text": "Ana finishes the website."}
    await expect(playground.result.locator(".described")).to_have_text(f"Title{TITLE}")
    await expect(playground.result.locator(".kept")).to_have_text("✓ One line: yes")


async def test_ticket_is_a_card_with_the_email_marked(playground: Playground) -> None:
    await playground.open("tickets")
    body = await playground.send()
    assert set(body) == {"subject", "body"}
    card = playground.result.locator(".ticket")
    await expect(card.locator("h3")).to_have_text("Locked out")
    await expect(card).to_contain_text("Critical")
    await expect(card).not_to_contain_text("confidence")  # the upstream tells no probabilities
    await expect(card.locator(".kept")).to_have_text("✓ Verbatim: yes")
    marked = playground.result.locator(".letter mark")
    await expect(marked).to_contain_text(["3 November", "jana@post.example", "+49 30 23125 014"])
    await expect(playground.result.locator("table")).to_contain_text("+493023125014")
    await expect(card.locator(".questions")).to_have_text("How do I reset my password?")
    facts = await playground.facts()
    assert (facts["HTTP"], facts["Tokens out"], facts["Model"]) == ("200", "7", "model-1")
    assert len(facts["Request ID"]) == 32


async def test_ticket_tells_how_sure_it_is_and_what_is_particular(playground: Playground) -> None:
    await playground.doubt_tickets()
    await playground.open("tickets")
    await playground.send()
    card = playground.result.locator(".ticket")
    shares = ["42 % confidence", "0 % confidence", "97 % confidence"]
    await expect(card.locator(".meter")).to_have_text(shares)
    await expect(card.locator(".notes li")).to_have_text(
        [
            "A human should look at this ticket",
            "Too long for the model: its oldest part was left out",
        ]
    )


async def test_what_the_email_has_not_is_told(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.field("Body").fill(INVENTED)
    await playground.send()
    lost = playground.result.locator(".lost")
    await expect(lost).to_have_text("✗ Verbatim: no (unexpected: 4712)")


async def test_translations_stand_beside_their_texts(playground: Playground) -> None:
    await playground.open("translations")
    await playground.send()
    pairs = playground.result.locator(".pair")
    await expect(pairs).to_contain_text(["The product is very good.", "The delivery was quick."])
    await expect(pairs.first).to_contain_text("German · detected")
    await expect(pairs.first.locator("p[lang=EN]")).to_be_visible()
    await playground.pick(1)
    await playground.send()
    kept, lost = playground.result.locator(".kept"), playground.result.locator(".lost")
    await expect(kept).to_have_text(["✓ Placeholders: yes", "✓ URLs: yes"])
    await expect(lost).to_have_text("✗ Numbers: no (missing: 2)")
    await playground.pick(2)
    await playground.send()
    await expect(pairs).to_contain_text(
        "<p>The lamp is <b>very nice</b> and the light is warm.</p>"
    )
    await expect(kept).to_have_text("✓ Markup: yes")


async def test_what_a_model_writes_is_never_markup(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.field("Body").fill(MARKUP)
    await playground.send()
    await expect(playground.result.locator("h3")).to_have_text(MARKUP)
    await expect(playground.page.locator("img")).to_have_count(0)


async def test_problem_stands_at_its_field(playground: Playground) -> None:
    await playground.open("answers")
    await playground.panel.get_by_role("textbox", name="Text").fill(" ")
    await playground.ask(" ", state="A text is empty")
    question = playground.field("Question")
    await expect(question).to_have_attribute("aria-invalid", "true")
    await expect(question).to_be_focused()
    await expect(question).to_have_accessible_description(
        "The customer's question. Must not be blank."
    )
    await expect(playground.panel.get_by_role("textbox", name="Text")).to_have_attribute(
        "aria-invalid", "true"
    )
    assert (await playground.facts())["HTTP"] == "422"
    problem = playground.result.locator(".problem")
    await expect(problem).to_contain_text("text-empty")
    await problem.get_by_role("button", name="/documents/0/text").click()
    await expect(playground.panel.get_by_role("textbox", name="Text")).to_be_focused()
    await playground.panel.get_by_role("textbox", name="Text").fill("Three years.")
    await playground.ask("How long?")
    await expect(playground.panel.locator("[aria-invalid]")).to_have_count(0)


async def test_problem_of_a_folded_field_unfolds_it(playground: Playground) -> None:
    await playground.open("translations")
    await playground.unfold()
    await playground.field("Glossary ID").fill("nowhere")
    await playground.unfold()
    await expect(playground.panel.locator(".count")).to_have_text("· 1 option set")
    await playground.send(state="The glossary is not valid")
    await expect(playground.field("Glossary ID")).to_be_focused()


async def test_problem_of_the_whole_body_stands_above_it(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.unfold()
    await playground.field("Text").fill("An email.")
    await playground.send(state="The request is not valid")
    await expect(playground.panel.locator(".error.whole")).to_contain_text("either text, or body")


async def test_json_that_is_none_is_not_sent(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.unfold()
    field = playground.panel.get_by_label("Custom fields JSON")
    await field.fill("{")
    await playground.button("Send").click()
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(re.compile("This is not JSON"))
    await expect(playground.state).to_have_text("Nothing sent yet")
    await field.fill('{"properties": {"size": {"type": "string"}}}')
    sent = await playground.send()
    assert sent["custom_fields"] == {"properties": {"size": {"type": "string"}}}
    await expect(playground.result.locator(".described")).to_have_text("Sizenone")


async def test_lists_and_maps_have_fields(playground: Playground) -> None:
    await playground.open("translations")
    await playground.button("Add text").click()
    await expect(playground.field("Text 3")).to_be_focused()
    await playground.field("Text 3").fill("Das Produkt ist sehr gut.")
    await playground.button("Remove text 2").click()
    await playground.unfold()
    await playground.button("Add to glossary").click()
    await playground.field("Name of glossary 1").fill("Produkt")
    await playground.field("Value of glossary 1").fill("product")
    await playground.field("Formality").select_option("prefer_more")
    assert await playground.send() == {
        "text": ["Das Produkt ist sehr gut."] * 2,
        "target_lang": "EN",
        "glossary": {"Produkt": "product"},
        "formality": "prefer_more",
    }


@pytest.mark.parametrize("how", ["button", "key"])
async def test_stop_ends_the_call_upstream(
    playground: Playground, upstream: HostileUpstream, how: str
) -> None:
    await playground.open("translations")
    await playground.button("Remove text 2").click()
    await playground.field("Text 1").fill(ENDLESS)
    await playground.button("Send").click()
    await expect(playground.result.locator(".streamed")).to_contain_text("and so on")
    (call,) = [one for one in upstream.calls if ENDLESS in one.call.text and not one.ended]
    stop = playground.button("Stop")
    await expect(stop).to_be_focused()
    await (stop.click() if how == "button" else playground.page.keyboard.press("Escape"))
    await expect(playground.state).to_contain_text("Stopped after")
    await expect(playground.button("Send")).to_be_focused()
    await expect(playground.result.locator(".streamed")).to_contain_text("and so on")
    await until(lambda: call.client_left is not None)
    assert not call.finished


async def test_key_is_sent_and_stays_in_this_tab(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.page.get_by_text("API key").first.click()
    await playground.page.get_by_label("API key").fill(SECRET)
    await playground.view("Code")
    code = playground.panel.locator(".code-view pre")
    await expect(code).to_contain_text("Bearer $GROUNDWORK_API_KEY")
    await expect(code).not_to_contain_text(SECRET)
    await playground.page.reload()
    async with playground.page.expect_request("**/tickets") as sent:
        await playground.button("Send").click()
    assert (await sent.value).headers["authorization"] == f"Bearer {SECRET}"
    kept = await playground.page.evaluate("[{...sessionStorage}, {...localStorage}]")
    assert kept == [{"groundwork-key": SECRET}, {}]
    assert await playground.page.evaluate("document.cookie") == ""
    await playground.page.get_by_text("API key").first.click()
    await playground.page.get_by_label("API key").fill("")
    assert await playground.page.evaluate("sessionStorage.length") == 0


async def test_service_that_is_gone_is_told(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.page.route("**/tickets", lambda route: route.abort())
    await playground.send(state="The service did not answer")
    await expect(playground.result).to_contain_text("no-answer")


async def test_answer_of_a_proxy_is_told(playground: Playground) -> None:
    await playground.open("tickets")
    await playground.page.route(
        "**/tickets", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>")
    )
    await playground.send(state="Bad Gateway")
    await expect(playground.result).to_contain_text("<h1>Bad gateway</h1>")
