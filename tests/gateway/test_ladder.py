"""How an upstream is found out: what it honours, rejects, or accepts and ignores."""

import asyncio
from contextlib import aclosing

import httpx
import pytest

from app.gateway import Finding, OutputMode
from app.provision import make_gateway
from app.settings import Settings
from tests.gateway.support import ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import Behaviour, Good, Status
from tests.hostile.calls import Call
from tests.hostile.memory import memory_upstream
from tests.hostile.replies import openai_message
from tests.hostile.scripts import always, in_turn
from tests.hostile.upstream import Script


def mode_of(call: Call) -> OutputMode:
    """How a call asks for JSON."""
    body = call.body
    if "tools" in body:
        return OutputMode.TOOL
    form = body.get("response_format", body.get("output_config"))
    if form is None:
        return OutputMode.PROMPT
    return OutputMode.JSON if form.get("type") == "json_object" else OutputMode.SCHEMA


def server(honours: set[OutputMode], rejects: set[OutputMode] = frozenset()) -> Script:  # pyright: ignore
    """A server whose model answers ``Paris`` unless it is bound to a schema."""

    def script(call: Call) -> Behaviour:
        mode = mode_of(call)
        if mode in rejects:
            return Status(400)
        if "capital" not in call.text:
            return Good()
        bound = mode in honours
        return Good('{"word": "heliotrope-4711"}' if bound else "Paris")

    return script


SCHEMA, TOOL, JSON, PROMPT = OutputMode.SCHEMA, OutputMode.TOOL, OutputMode.JSON, OutputMode.PROMPT


@pytest.mark.parametrize(
    ("honours", "rejects", "mode", "findings"),
    [
        ({SCHEMA}, set[OutputMode](), SCHEMA, {SCHEMA: "honoured"}),
        ({TOOL}, set[OutputMode](), TOOL, {SCHEMA: "ignored", TOOL: "honoured"}),
        ({TOOL}, {SCHEMA}, TOOL, {SCHEMA: "rejected", TOOL: "honoured"}),
        ({JSON}, {TOOL}, JSON, {SCHEMA: "ignored", TOOL: "rejected", JSON: "honoured"}),
        (set[OutputMode](), {SCHEMA, TOOL}, PROMPT, {SCHEMA: "rejected", JSON: "ignored"}),
    ],
    ids=["schema", "tool", "no schema", "json", "nothing"],
)
async def test_openai_upstream_is_found_out(
    honours: set[OutputMode],
    rejects: set[OutputMode],
    mode: OutputMode,
    findings: dict[OutputMode, str],
) -> None:
    async with (
        memory_upstream(server(honours, rejects)) as upstream,
        gateway_on(upstream) as gateway,
    ):
        await gateway.find_output_mode()
        assert gateway.ladder.mode is mode
        assert gateway.ladder.findings | findings == gateway.ladder.findings
        asked = len(upstream.calls)
        await gateway.find_output_mode()
        await ask(gateway, ticket_prompt())
        assert len(upstream.calls) == asked + 1, "it is asked once"
        assert mode_of(upstream.calls[-1].call) is mode
        assert not upstream.complaints


@pytest.mark.parametrize("honoured", [SCHEMA, TOOL, PROMPT])
async def test_anthropic_upstream_is_found_out(honoured: OutputMode) -> None:
    async with (
        memory_upstream(server({honoured} - {PROMPT})) as upstream,
        gateway_on(upstream, "anthropic") as gateway,
    ):
        await gateway.find_output_mode()
        assert gateway.ladder.mode is honoured


async def test_upstream_that_fails_tells_nothing_and_is_asked_again() -> None:
    honest = Good('{"word": "heliotrope-4711"}')
    script = in_turn(Status(503), Status(401), Status(429), then=honest)
    async with memory_upstream(script) as upstream, gateway_on(upstream) as gateway:
        await gateway.find_output_mode()
        assert gateway.ladder.mode is SCHEMA
        assert gateway.ladder.findings[SCHEMA] is Finding.HONOURED
        assert len(upstream.calls) == 4


async def test_request_before_anything_is_known_climbs_down_by_itself() -> None:
    async with (
        memory_upstream(server({JSON}, {SCHEMA, TOOL})) as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert "[m-1]" in outcome.text
        assert [mode_of(record.call) for record in upstream.calls] == [SCHEMA, TOOL, JSON]
        assert gateway.ladder.mode is JSON
        await ask(gateway, ticket_prompt("[m-2]"))
        assert len(upstream.calls) == 4


@pytest.mark.parametrize("slow_probe", [Status(400, delay=0.2), Good("Paris", delay=0.2)])
async def test_request_that_climbs_down_during_the_probe_is_not_undone(
    slow_probe: Behaviour,
) -> None:
    """What the probe then finds is of the way that it asked for, not of the one now in use."""

    def script(call: Call) -> Behaviour:
        if mode_of(call) in (SCHEMA, TOOL):
            return slow_probe if "capital" in call.text else Status(400)
        return Good('{"word": "heliotrope-4711"}') if "capital" in call.text else Good()

    async with memory_upstream(script) as upstream, gateway_on(upstream) as gateway:
        probe = asyncio.create_task(gateway.find_output_mode())
        await asyncio.sleep(0.05)
        assert (await ask(gateway, ticket_prompt())).completion
        assert gateway.ladder.mode is JSON
        await probe
        assert gateway.ladder.mode is JSON
        assert gateway.ladder.findings[JSON] is Finding.HONOURED


async def test_request_that_is_wrong_in_itself_changes_nothing() -> None:
    async with (
        memory_upstream(always(Status(400))) as upstream,
        gateway_on(upstream) as gateway,
    ):
        outcome = await ask(gateway, ticket_prompt())
        assert outcome.failure.code == "upstream-rejected"
        assert gateway.ladder.mode is SCHEMA
        assert len(upstream.calls) == 4


async def test_what_is_proven_is_not_doubted() -> None:
    async with (
        memory_upstream(server({SCHEMA})) as upstream,
        gateway_on(upstream) as gateway,
    ):
        await gateway.find_output_mode()
        upstream.script = always(Status(400))
        await ask(gateway, ticket_prompt())
        assert len(upstream.calls) == 2


async def test_without_help_the_schema_stands_in_the_instruction() -> None:
    async with (
        memory_upstream(server(set())) as upstream,
        gateway_on(upstream) as gateway,
    ):
        await gateway.find_output_mode()
        await ask(gateway, ticket_prompt())
        system = upstream.calls[-1].call.body["messages"][0]["content"]
        assert '"issue"' in system
        assert "JSON" in system


async def test_model_that_does_not_come_to_an_end_is_not_bound_by_a_schema() -> None:
    body = openai_message("Paris, the capital of").replace(b'"stop"', b'"length"')
    http = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    settings = Settings(model="openai:m", base_url="http://upstream.test/v1")
    async with aclosing(make_gateway(settings, None, lambda: http)) as gateway:
        await gateway.find_output_mode()
        assert gateway.ladder.mode is PROMPT
        assert set(gateway.ladder.findings.values()) == {Finding.IGNORED, Finding.UNTRIED}


async def test_finding_out_can_be_given_up() -> None:
    async with memory_upstream(always(Status(503))) as upstream, gateway_on(upstream) as gateway:
        task = asyncio.create_task(gateway.find_output_mode())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_stream_before_anything_is_known_climbs_down_by_itself() -> None:
    async with (
        memory_upstream(server({JSON}, {SCHEMA, TOOL})) as upstream,
        gateway_on(upstream) as gateway,
    ):
        async with aclosing(gateway.stream(ticket_prompt())) as chunks:
            text = "".join([chunk.text async for chunk in chunks])
        assert "[m-1]" in text
        assert gateway.ladder.mode is JSON
        assert [mode_of(record.call) for record in upstream.calls] == [SCHEMA, TOOL, JSON]
