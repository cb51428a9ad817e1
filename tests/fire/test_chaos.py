"""30 % of the upstream's calls fail, in all ways that there are: clients hardly notice."""

from collections import Counter
from functools import partial
from pathlib import Path

from tests.fire.front import Front, Reply, closed_loop, knows_the_password, marker, service_on
from tests.hostile.calls import answer_of, marker_of
from tests.hostile.scripts import STREAM_FAILURES, WHOLE_FAILURES, mixed
from tests.hostile.upstream import HostileUpstream, hostile_upstream

FAILED_SHARE = 0.3
SECONDS, STREAM_SECONDS = 10.0, 5.0  # that a client gives a request


async def test_tickets(tmp_path: Path) -> None:
    script = knows_the_password(mixed(1, FAILED_SHARE, WHOLE_FAILURES))
    async with (
        hostile_upstream(script) as upstream,
        service_on(upstream, tmp_path, attempt_timeout="1") as front,
    ):
        replies = await closed_loop(
            partial(front.ticket, within=SECONDS), requests=2000, clients=64
        )
        hung = [reply for reply in replies if reply.status is None]
        good = [reply for reply in replies if reply.status == 200]
        wrong = [
            reply for reply in good if reply.body["issue"] != f"Broken lamp {marker(reply.number)}"
        ]
        _print("tickets", replies, upstream, good=len(good) - len(wrong), wrong=len(wrong))
        assert (len(hung), len(wrong)) == (0, 0)
        assert len(good) >= 0.995 * len(replies)  # 0.999 and more, where a CPU is free
        await _assert_nothing_is_left(front, upstream)


async def test_streams(tmp_path: Path) -> None:
    """A stream that has begun cannot begin again; none fails that has not."""
    script = knows_the_password(mixed(1, FAILED_SHARE, STREAM_FAILURES))
    async with (
        hostile_upstream(script) as upstream,
        service_on(upstream, tmp_path, attempt_timeout="1") as front,
    ):
        ask = partial(front.stream, within=STREAM_SECONDS)
        replies = await closed_loop(ask, requests=300, clients=32)
        hung = [reply for reply in replies if reply.status is None]
        begun = [reply for reply in replies if reply.status == 200]
        wrong = [reply for reply in begun if not _is_right(reply, upstream)]
        completed = [reply for reply in begun if reply.body[-1]["type"] == "completed"]
        _print("streams", replies, upstream, completed=len(completed), wrong=len(wrong))
        assert (len(hung), len(wrong)) == (0, 0)
        assert len(begun) >= 0.99 * len(replies)
        assert len(completed) >= 0.85 * len(replies)
        await _assert_nothing_is_left(front, upstream)


def _is_right(reply: Reply, upstream: HostileUpstream) -> bool:
    """Whether a stream has one end, the last, and says nothing that the upstream did not.

    What was streamed may be less than the answer: no word can be shown of an output that is no
    JSON, which is then put right.
    """
    started, *others, last = reply.body
    deltas = [event for event in others if event["type"] == "delta"]
    if started["type"] != "started" or not {e["type"] for e in others} <= {"delta", "citation"}:
        return False
    text = "".join(delta["text"] for delta in deltas)
    calls = [call for call in upstream.calls if marker_of(call.call.text) == marker(reply.number)]
    match last:
        case {"type": "completed", "answer": {"answer": answer, "grounded": True}}:
            said = any(answer_of(call.call) == answer for call in calls)
            return said and answer.startswith(text)
        case {"type": "failed", "problem": {"code": code}}:
            upstream_s = code.startswith("upstream-") or code == "deadline-exceeded"
            return upstream_s and any(answer_of(call.call).startswith(text) for call in calls)
        case _:
            return False


def _print(what: str, replies: list[Reply], upstream: HostileUpstream, **counted: int) -> None:
    failed = Counter(reply.problem for reply in replies if reply.problem)
    hung = sum(reply.status is None for reply in replies)
    slowest = max(reply.seconds for reply in replies)
    print(  # noqa: T201
        f"\nchaos, {what}: {len(replies)} requests, {len(upstream.calls)} calls, {counted}, "
        f"{hung} hung, failed: {dict(failed)}, slowest {slowest:.2f} s"
    )


async def _assert_nothing_is_left(front: Front, upstream: HostileUpstream) -> None:
    state = await front.state()
    assert (state["running"], state["queued"], upstream.in_flight) == (0, 0, 0)
    assert upstream.complaints == []
