"""``POST /answers/stream``: the same answer in events."""

import httpx
import pytest

from tests.features.answers.model import BODY, DOWN, LAMP, QUESTION, TOO_LONG, desk, stream
from tests.wire.replies import openai_stream

GOOD = "[1][2] It lasts three years."
NAMES = ("message_id", "conversation_id")


async def test_events_begin_with_what_was_found_and_cited() -> None:
    async with desk(GOOD) as (client, _):
        events = await stream(client)
    kinds = [event["type"] for event in events]
    assert kinds == ["started", "citation", "citation", "delta", "completed"]
    assert list(events[0]) == ["type", *NAMES, "query", "passages"]
    assert events[0]["query"] == QUESTION
    assert [each["document_id"] for each in events[0]["passages"]] == ["lamp", "document-2"]
    assert events[1]["citation"]["quote"] == LAMP["text"][:48]
    assert events[3]["text"] == "It lasts three years."


async def test_the_end_is_what_post_answers() -> None:
    async with desk(GOOD) as (client, _):
        whole = (await client.post("/answers", json=BODY)).json()
        events = await stream(client)
    streamed = events[-1]["result"]
    assert streamed["message_id"] == events[0]["message_id"] != whole["message_id"]
    assert streamed | dict.fromkeys(NAMES) == whole | dict.fromkeys(NAMES)
    assert [event["citation"] for event in events[1:3]] == whole["citations"]


async def test_the_text_comes_piece_by_piece_without_its_brackets() -> None:
    pieces = ["", "[", "1", "]", " It", " lasts", " [for", " sure].", "\n"]
    async with desk(openai_stream(pieces)) as (client, _):
        events = await stream(client)
    shown = [event["text"] for event in events if event["type"] == "delta"]
    assert shown == ["It", " lasts", " [for", " sure].", "\n"]
    assert events[-1]["result"]["answer"] == "It lasts [for sure]."


async def test_what_was_streamed_is_not_replaced_by_something_as_flawed() -> None:
    async with desk("[1] It lasts 3 years.", "[1] I cannot say, 2 perhaps.") as (client, model):
        events = await stream(client)
    result = events[-1]["result"]
    assert result["answer"] == "It lasts 3 years."
    assert result["grounded"] is False
    assert len(model.asked) == 2


async def test_a_repaired_answer_counts() -> None:
    async with desk("[1] It lasts 3 years.", GOOD) as (client, _):
        events = await stream(client)
    assert (
        "".join(each["text"] for each in events if each["type"] == "delta") == "It lasts 3 years."
    )
    assert events[-1]["result"]["answer"] == "It lasts three years."
    assert len(events[-1]["result"]["citations"]) == 2


async def test_an_answer_that_is_only_there_after_a_repair_is_streamed_then() -> None:
    async with desk("[1]", GOOD) as (client, _):
        events = await stream(client)
    assert [e["type"] for e in events] == ["started", "citation", "citation", "delta", "completed"]
    assert events[3]["text"] == events[4]["result"]["answer"] == "It lasts three years."


@pytest.mark.parametrize("says", [(DOWN,), ("[1]", DOWN)])
async def test_what_fails_before_the_first_word_is_an_ordinary_problem(
    says: tuple[str | httpx.Response, ...],
) -> None:
    async with desk(*says) as (client, _):
        response = await client.post("/answers/stream", json=BODY)
    assert (response.status_code, response.json()["code"]) == (502, "upstream-failed")


async def test_a_failure_later_ends_the_stream_with_what_was_shown() -> None:
    broken = openai_stream(["[1] It", " lasts"], finish=None, done=False)
    async with desk(broken) as (client, _):
        events = await stream(client)
    assert [event["type"] for event in events] == [
        "started",
        "citation",
        "delta",
        "delta",
        "failed",
    ]
    problem = events[-1]["problem"]
    assert (problem["code"], problem["received"]) == ("upstream-failed", "It lasts")


async def test_a_stream_begins_with_less_where_there_is_no_room() -> None:
    async with desk(TOO_LONG, GOOD) as (client, model):
        events = await stream(client)
    assert [each["document_id"] for each in events[0]["passages"]] == ["lamp"]
    assert events[-1]["result"]["truncated"] is True
    assert [event["type"] for event in events].count("started") == 1
    assert len(model.asked) == 2


async def test_an_answer_without_brackets_is_streamed_as_it_comes() -> None:
    async with desk("It lasts three years.") as (client, _):
        events = await stream(client)
    assert [event["type"] for event in events] == ["started", "delta", "delta", "completed"]
    assert events[-1]["result"]["answer"] == "It lasts three years."
    assert events[-1]["result"]["grounded"] is False
