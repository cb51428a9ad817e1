"""What each dialect reads, out of answers made from the official SDKs' response types."""

import httpx
import pytest

from app.errors import ModelOutputTruncated, ModelRefused, UpstreamFailed, UpstreamUnavailable
from app.features import tickets
from app.features.tickets.letter import Letter
from app.features.tickets.schemas import Reading, TicketOptions
from app.features.tickets.triage import triage
from app.gateway import StopReason, Usage
from app.vocabulary import Vocabulary
from tests.wire.replies import (
    CACHED,
    INPUT,
    MESSAGES,
    MODEL,
    OUTPUT,
    STREAMS,
    TICKET,
    anthropic_message,
    openai_message,
)
from tests.wire.upstream import completed, events, gateway_to, streamed

PIECES = ("Three ", "years — ", "", "\u00fcber\U0001f642", "\n\nall.")
USAGE = Usage(INPUT, OUTPUT, CACHED)

ENDS = [
    ("openai", "stop", StopReason.END),
    ("anthropic", "end_turn", StopReason.END),
    ("anthropic", "stop_sequence", StopReason.STOP_SEQUENCE),
]
FAILS = [
    ("openai", "length", ModelOutputTruncated),
    ("openai", "content_filter", ModelRefused),
    ("anthropic", "max_tokens", ModelOutputTruncated),
    ("anthropic", "model_context_window_exceeded", ModelOutputTruncated),
    ("anthropic", "pause_turn", ModelOutputTruncated),
    ("anthropic", "refusal", ModelRefused),
]


@pytest.mark.parametrize(("provider", "stop", "reason"), ENDS)
async def test_whole_answer(provider: str, stop: str, reason: StopReason) -> None:
    completion = await completed(MESSAGES[provider]("Three years.", stop), provider)
    assert completion.text == "Three years."
    assert completion.stop_reason is reason
    assert completion.model == MODEL
    assert completion.usage == USAGE


@pytest.mark.parametrize(("provider", "stop", "reason"), ENDS)
async def test_streamed_answer(provider: str, stop: str, reason: StopReason) -> None:
    text, completion = await streamed(STREAMS[provider](PIECES, stop), provider)
    assert text == completion.text == "".join(PIECES)
    assert completion.stop_reason is reason
    assert completion.model == MODEL
    assert completion.usage == USAGE


@pytest.mark.parametrize(("provider", "stop", "error"), FAILS)
async def test_cut_off_or_refused_is_never_a_good_answer(
    provider: str, stop: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await completed(MESSAGES[provider]("Three", stop), provider)
    with pytest.raises(error):
        await streamed(STREAMS[provider](["Three"], stop), provider)


async def test_openai_refusal_field_is_a_refusal() -> None:
    with pytest.raises(ModelRefused):
        await completed(openai_message(None, refusal="I cannot help with that."), "openai")


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("lack", ["reason", "terminator"])
async def test_stream_without_its_end_has_failed(provider: str, lack: str) -> None:
    whole = {"openai": "stop", "anthropic": "end_turn"}[provider]
    stream = STREAMS[provider](
        PIECES, whole if lack == "terminator" else None, done=lack == "reason"
    )
    with pytest.raises(UpstreamFailed):
        await streamed(stream, provider)


@pytest.mark.parametrize(
    ("provider", "data"),
    [
        ("openai", '{"error":{"message":"server exploded","type":"server_error"}}'),
        ("anthropic", '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'),
    ],
)
async def test_error_inside_a_stream_is_an_error(provider: str, data: str) -> None:
    with pytest.raises(UpstreamUnavailable) as caught:
        await streamed(events(data), provider)
    assert "exploded" not in caught.value.detail


async def test_ticket_out_of_a_tool_call() -> None:
    fields: dict[str, object] = tickets.FEATURE.examples[0].output.model_dump()
    said = anthropic_message(None, "tool_use", tool=fields)
    said_after_words = anthropic_message("Here it is:", "tool_use", tool=fields)
    for answer in (said, said_after_words):
        async with gateway_to(answer, "anthropic") as (gateway, _):
            result = await tickets.FEATURE.run(tickets.FEATURE.examples[0].input, gateway)
        assert result.output == tickets.FEATURE.examples[0].output


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"<html>", b'{"choices":[]}', b'{"content":null}', b"\xff"]
)
async def test_answer_that_is_none_is_a_failure(provider: str, body: bytes) -> None:
    with pytest.raises(UpstreamFailed):
        await completed(httpx.Response(200, content=body), provider)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("data", ["", "null", "nonsense", "{}x"])
async def test_garbage_in_a_stream_is_a_failure(provider: str, data: str) -> None:
    with pytest.raises(UpstreamFailed):
        await streamed(events(data), provider)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_whole_answer_where_a_stream_was_asked_for_is_a_failure(provider: str) -> None:
    with pytest.raises(UpstreamFailed):
        await streamed(MESSAGES[provider]("Three years."), provider)


@pytest.mark.parametrize(
    ("said", "product"), [("inkwell pro", "Inkwell Pro"), ("Lumo S2", None), (None, None)]
)
async def test_ticket_has_what_the_model_said_and_no_product_that_it_made_up(
    said: str | None, product: str | None
) -> None:
    reading = Reading(
        issue="Outage",
        product=said,
        situation="danger, outage, break-in or lost data",
        topic="software, app or device error",
        mood="unhappy",
        summary="All is down.",
    )
    request = Letter(body="Hallo, seit heute Morgen geht Inkwell Pro nicht mehr!")
    async with gateway_to(openai_message(reading.model_dump_json()), "openai") as (gateway, _):
        ticket = await triage(request, TicketOptions(), gateway, Vocabulary())
    others = {"usage", "model", "confidence", "needs_review", "flags"}
    assert ticket.model_dump(exclude=others) == {
        "issue": "Outage",
        "summary": "All is down.",
        "product": product,
        "category": "technical",
        "urgency": "critical",
        "sentiment": "negative",
        "language": "de",
        "intent": None,
        "custom_fields": None,
        "entities": [],
        "open_questions": [],
    }


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_flawed_output_is_repaired_once(provider: str) -> None:
    answers = [MESSAGES[provider]('{"issue": 1}'), MESSAGES[provider](TICKET)]
    async with gateway_to(lambda _: answers.pop(0), provider) as (gateway, route):
        result = await tickets.FEATURE.run(Letter(body="My lamp broke."), gateway)
        assert result.output.issue == "Broken lamp"
        assert result.usage == Usage(2 * INPUT, 2 * OUTPUT, 2 * CACHED)
        assert route.call_count == 2
