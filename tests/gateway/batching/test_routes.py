"""The features' own routes by way of a batch: the same replies as live."""

import json
from pathlib import Path

import pytest

from tests.features.folder.folders import GRADED, REVIEW, write
from tests.gateway.batching.provider import Dialect, Json, Provider
from tests.gateway.batching.rows import rows_on
from tests.gateway.batching.stage import DIALECTS
from tests.wire.replies import TICKET, said_answer

BOTH = pytest.mark.parametrize("dialect", DIALECTS)

EMAILS = [{"text": f"My lamp number {number} broke."} for number in range(3)]
LONG = [{"title": "Lamps", "text": "The warranty lasts three years. Lamps glow. " * 300}]
QUESTION = {"question": "Wie lange dauert die Garantie der Lampe?", "search_knowledge": False}


def model(messages: list[Json]) -> str:
    """Says the same to the same, and something else to something else."""
    instruction, words = messages[0]["content"], messages[-1]["content"]
    if "Search query in" in words:
        return "warranty"
    if "ticket" in words:
        return TICKET.replace("The lamp broke.", f"It says {len(words)} characters.")
    if "Question:" in words:
        return said_answer("It lasts three years.", 1)
    if instruction.startswith("Grade each review"):
        return json.dumps(GRADED)
    return f"Translated: {words.splitlines()[1]}"


@pytest.fixture
def provider(provider: Provider) -> Provider:
    provider.says = provider.says_live = model
    return provider


def live_calls(provider: Provider) -> list[Json]:
    calls, provider.live = provider.live, []
    return calls


@BOTH
async def test_tickets(provider: Provider, dialect: Dialect) -> None:
    async with rows_on(provider, dialect) as rows:
        live = [await rows.post("/tickets", body) for body in EMAILS]
        assert len(live_calls(provider)) == 3
        assert await rows.batched("/tickets", *EMAILS) == live
    assert rows.compiled == [1, 1, 1]
    assert not live_calls(provider)


@BOTH
async def test_all_texts_of_a_translation_are_in_the_batch(
    provider: Provider, dialect: Dialect
) -> None:
    texts = [f"Das ist Lampe {number}." for number in range(20)]
    long = " ".join(f"Lampe {number} ist sehr schön und hält lange." for number in range(200))
    body = {"text": [*texts, " ", long], "target_lang": "EN"}
    async with rows_on(provider, dialect) as rows:
        live = await rows.post("/translations", body)
        asked = len(live_calls(provider))
        assert asked > 21, "the long text has several pieces"
        assert await rows.batched("/translations", body) == [live]
    assert rows.compiled == [asked]
    assert [each["problem"] for each in live["translations"]].count(None) == 21
    assert not live_calls(provider)


async def test_what_a_request_asks_twice_took_its_tokens_once(provider: Provider) -> None:
    body = {"text": ["Sehr gut.", "Sehr gut."], "target_lang": "EN"}
    async with rows_on(provider, "openai") as rows:
        live = await rows.post("/translations", body)
        assert len(live_calls(provider)) == 1
        assert await rows.batched("/translations", body) == [live]
    assert rows.compiled == [1]


@BOTH
async def test_a_folder_without_python(
    provider: Provider, dialect: Dialect, tmp_path: Path
) -> None:
    write(tmp_path / "grades")
    async with rows_on(provider, dialect, features=tmp_path) as rows:
        live = await rows.post("/grades", {"text": REVIEW})
        assert live["grade"] == "bad"
        live_calls(provider)
        assert await rows.batched("/grades", {"text": REVIEW}) == [live]
    assert not live_calls(provider)


@BOTH
async def test_an_answer_whose_query_is_written_on_the_way(
    provider: Provider, dialect: Dialect
) -> None:
    body = {**QUESTION, "documents": LONG}
    async with rows_on(provider, dialect) as rows:
        live = await rows.post("/answers", body)
        assert live["query"] == "warranty"
        assert len(live_calls(provider)) == 2
        assert await rows.batched("/answers", body) == [live]
    assert rows.compiled == [1]
    (query,) = live_calls(provider)
    assert "Search query in" in str(query), "that alone is asked live, and once"


@BOTH
async def test_a_repair_is_made_live(provider: Provider, dialect: Dialect) -> None:
    provider.says = lambda _messages: '{"issue": "unfinished"}'
    async with rows_on(provider, dialect) as rows:
        (reply,) = await rows.batched("/tickets", EMAILS[0])
    (repair,) = [call for call in live_calls(provider) if "An earlier answer" in str(call)]
    assert "unfinished" in str(repair)
    assert reply["issue"] == "Broken lamp"


async def test_what_has_expired_is_asked_live(provider: Provider) -> None:
    provider.fate = lambda number: "expired" if number == 1 else "succeeded"
    async with rows_on(provider, "anthropic") as rows:
        live = [await rows.post("/tickets", body) for body in EMAILS]
        live_calls(provider)
        assert await rows.batched("/tickets", *EMAILS) == live
    assert len(live_calls(provider)) == 1


async def test_what_was_cancelled_is_not_asked_live(provider: Provider) -> None:
    provider.fate = lambda _number: "cancelled"
    async with rows_on(provider, "anthropic") as rows:
        (reply,) = await rows.batched("/tickets", EMAILS[0])
    assert (reply["status"], reply["code"]) == (409, "batch-cancelled")
    assert not live_calls(provider)


async def test_a_request_that_is_wrong_needs_no_batch(provider: Provider) -> None:
    async with rows_on(provider, "openai") as rows:
        (reply,) = await rows.batched("/tickets", {"text": ""})
    assert reply["status"] == 422
    assert rows.compiled == [0]
    assert not provider.sizes


async def test_what_is_too_long_is_cut_and_asked_live(provider: Provider) -> None:
    provider.fate = lambda _number: "too long"
    async with rows_on(provider, "anthropic") as rows:
        (reply,) = await rows.batched("/tickets", {"text": "My lamp broke, and that is it. " * 100})
    assert reply["flags"]["truncated"]
    (shorter,) = live_calls(provider)
    assert str(shorter).count("that is it") < 60
