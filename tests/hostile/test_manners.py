"""What the hostile upstream does beside being hostile: it checks, counts, queues and cleans up."""

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from tests.gateway.support import until
from tests.hostile.behaviours import Behaviour, Endless, Good, Hang, Huge, Status, StreamReset
from tests.hostile.calls import Call, good_text, marker_of
from tests.hostile.client import client_of, request_body
from tests.hostile.scripts import (
    ALL_FAILURES,
    STREAM_FAILURES,
    WHOLE_FAILURES,
    InTurn,
    always,
    in_turn,
    mixed,
    scripts,
)
from tests.hostile.upstream import hostile_upstream

GOOD = Good()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model": ""}, "names no model"),
        ({"messages": []}, "no messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "by 'assistant'"),
        ({"messages": [{"role": "user"}]}, "no content"),
        ({"messages": ["x"]}, "not an object"),
    ],
)
async def test_complains_of_a_call(change: dict[str, Any], complaint: str) -> None:
    async with hostile_upstream(always(GOOD)) as upstream, client_of(upstream) as client:
        url = f"{upstream.base_url}/chat/completions"
        async with client.session.post(url, json=request_body() | change) as response:
            assert response.status == 400
            assert complaint in await response.text()
        assert complaint in upstream.complaints[0]
        assert not upstream.calls
        await client.ask()  # the connection is still good
        assert upstream.open_connections == 1


@pytest.mark.parametrize(
    ("method", "path", "content_type", "body", "complaint"),
    [
        ("PUT", "/v1/messages", "application/json", b"{}", "PUT /v1/messages"),
        ("POST", "/messages", "application/json", b"{}", "POST /messages"),
        ("POST", "/v1/messages", "text/plain", b"{}", "'text/plain'"),
        ("POST", "/v1/messages", "application/json", b"{", "not JSON"),
        ("POST", "/v1/messages", "application/json", b"[]", "not an object"),
    ],
)
async def test_complains_of_a_request(
    method: str, path: str, content_type: str, body: bytes, complaint: str
) -> None:
    async with hostile_upstream(always(GOOD)) as upstream, client_of(upstream) as client:
        headers = {"content-type": content_type}
        async with client.session.request(
            method, upstream.origin + path, data=body, headers=headers
        ) as response:
            assert response.status == 400
        assert complaint in upstream.complaints[0]


async def test_complains_of_what_is_no_http() -> None:
    async with hostile_upstream(always(GOOD)) as upstream:
        port = int(upstream.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"who are you?\r\n\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert "not HTTP" in upstream.complaints[0]


async def test_complains_of_a_script() -> None:
    def fails(_call: Call) -> Behaviour:
        raise RuntimeError("oops")

    async with hostile_upstream(fails) as upstream, client_of(upstream) as client:
        assert (await client.ask()).status == 400
        upstream.script = always(StreamReset())
        assert (await client.ask()).status == 400
        assert "oops" in upstream.complaints[0]
        assert "does not fit" in upstream.complaints[1]


async def test_answers_pings() -> None:
    async with hostile_upstream(always(GOOD)) as upstream, client_of(upstream) as client:
        async with client.session.get(f"{upstream.base_url}/models") as response:
            assert (response.status, await response.json()) == (200, {})
        assert not upstream.complaints
        assert not upstream.calls


async def test_reads_the_text_of_blocks() -> None:
    async with hostile_upstream(always(GOOD)) as upstream, client_of(upstream) as client:
        blocks = [{"type": "text", "text": "My lamp "}, {"type": "text", "text": "broke [m-1]."}]
        body = request_body() | {"messages": [{"role": "user", "content": blocks}]}
        async with client.session.post(f"{upstream.origin}/v1/messages", json=body) as response:
            assert good_text("[m-1]") in await response.text()
        assert upstream.calls[0].call.text == "My lamp broke [m-1]."


async def test_reply_says_what_is_good() -> None:
    def reply(call: Call) -> str:
        return f"{call.number}: {call.text}"

    script = always(GOOD)
    async with hostile_upstream(script, reply=reply) as upstream, client_of(upstream) as client:
        assert (await client.ask("a")).text == "0: a"
        assert (await client.ask("b", stream=True)).text == "1: b"


async def test_counts_what_is_in_flight() -> None:
    async with hostile_upstream(always(Good(delay=0.05))) as upstream:
        async with client_of(upstream) as client, asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(client.ask())
            await until(lambda: upstream.in_flight == upstream.open_connections == 5)
        assert (upstream.in_flight, upstream.most_in_flight) == (0, 5)


async def test_slots_are_given_in_order_of_arrival() -> None:
    async with hostile_upstream(always(GOOD), slots=2, service_time=0.05) as upstream:
        async with client_of(upstream) as client, asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(client.ask(f"[m-{number}]"))
            await until(lambda: upstream.in_flight == 6)
            assert len([record for record in upstream.calls if record.started]) == 2
        finished = sorted(upstream.calls, key=lambda record: record.answered or 0)
        assert finished == upstream.calls
        for former, later in zip(finished, finished[2:], strict=False):
            assert former.answered
            assert later.started
            assert former.answered <= later.started


async def test_leaving_client_gives_its_place_in_the_queue_up() -> None:
    async with hostile_upstream(in_turn(Hang()), slots=1) as upstream:
        async with client_of(upstream) as client:
            hanging = asyncio.create_task(client.ask())
            await until(lambda: upstream.in_flight == 1)
            waiting = asyncio.create_task(client.ask())
            await until(lambda: upstream.in_flight == 2)
            third = asyncio.create_task(client.ask("[m-3]"))
            await until(lambda: upstream.in_flight == 3)
            waiting.cancel()
            await until(lambda: upstream.calls[1].client_left)
            assert upstream.calls[1].started is None
            hanging.cancel()
            assert "[m-3]" in (await third).text
        assert upstream.most_in_flight == 3


async def test_turns_away_without_a_slot() -> None:
    script = in_turn(Hang(), then=Status(503))
    async with hostile_upstream(script, slots=1) as upstream, client_of(upstream) as client:
        hanging = asyncio.create_task(client.ask())
        await until(lambda: upstream.in_flight == 1)
        assert (await client.ask()).status == 503
        hanging.cancel()


async def _begin(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientResponse:
    return await session.post(url, json=request_body(stream=True))


@pytest.mark.parametrize("behaviour", [GOOD, Hang(), Endless(), Huge()], ids=repr)
async def test_leaves_nothing_behind(behaviour: Behaviour) -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with hostile_upstream(always(behaviour)) as upstream:
            url = f"{upstream.base_url}/chat/completions"
            asking = [asyncio.create_task(_begin(session, url)) for _ in range(3)]
            await until(lambda: len(upstream.calls) == upstream.open_connections == 3)
        assert (upstream.open_connections, upstream.in_flight) == (0, 0)
        assert asyncio.all_tasks() - before <= {*asking}
        assert not any(record.client_left for record in upstream.calls)
        for response in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(response, aiohttp.ClientResponse):
                response.close()


async def test_of_many_calls_none_is_mixed_up() -> None:
    async with hostile_upstream(always(GOOD)) as upstream, client_of(upstream) as client:
        places = asyncio.Semaphore(64)

        async def ask(number: int) -> None:
            async with places:
                got = await client.ask(f"[m-{number}]", stream=number % 2 == 0)
            assert marker_of(got.text) == f"[m-{number}]"

        async with asyncio.TaskGroup() as group:
            for number in range(600):
                group.create_task(ask(number))
        assert len(upstream.calls) == 600
        assert all(record.finished for record in upstream.calls)
        assert upstream.most_in_flight <= 64


def call_of(number: int, *, stream: bool) -> Call:
    return Call(number, {}, "", stream, "openai")


@pytest.mark.parametrize("stream", [False, True])
def test_mixed_is_seeded_fair_and_even(*, stream: bool) -> None:
    calls = [call_of(number, stream=stream) for number in range(4000)]
    script, same, other = mixed(1, 0.25), mixed(1, 0.25), mixed(2, 0.25)
    chosen = [script(call) for call in calls]
    assert chosen == [same(call) for call in calls]
    assert chosen != [other(call) for call in calls]
    counts = Counter(behaviour for behaviour in chosen if behaviour != GOOD)
    assert 850 < counts.total() < 1150
    assert set(counts) == set((STREAM_FAILURES if stream else WHOLE_FAILURES).values())
    assert max(counts.values()) - min(counts.values()) <= 1


def test_every_failure_fits_some_call() -> None:
    assert set(ALL_FAILURES) == set(WHOLE_FAILURES) | set(STREAM_FAILURES)
    assert len(set(ALL_FAILURES.values())) == len(ALL_FAILURES)


@checked(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.booleans().flatmap(lambda stream: st.tuples(st.just(stream), scripts(stream=stream, most=4)))
)
async def test_random_scripts_can_be_played(case: tuple[bool, InTurn]) -> None:
    stream, script = case
    async with hostile_upstream(script) as upstream, client_of(upstream) as client:
        for _ in script.behaviours:
            try:
                async with asyncio.timeout(0.1):
                    await client.ask(stream=stream)
            except (aiohttp.ClientError, TimeoutError):
                pass
        assert "[m-7]" in (await client.ask(stream=stream)).text
        assert not upstream.complaints
        assert [record.behaviour for record in upstream.calls] == [*script.behaviours, GOOD]
        assert all(record.ended for record in upstream.calls[:-1])
