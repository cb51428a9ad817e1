"""A candidate as a shadow: what it is asked, what is made of it, and that no caller notices."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.records import Store
from tests.gateway.support import until
from tests.web.trial.stage import BASE, EMAIL, OTHER, QUESTION, REVIEW, Says, says, stage, ticket
from tests.wire.replies import said_answer
from tests.wire.service import good

SHADOW: dict[str, Any] = {"candidate": f"openai:{OTHER}", "shadow": 1}
URGENT = says(ticket(urgency="high", summary="It is broken."))
ASKED = [
    ("/tickets", EMAIL),
    ("/translations", REVIEW),
    ("/translations/stream", REVIEW),
    ("/answers/stream", QUESTION),
    ("/tickets", {"text": ""}),
    ("/v2/translate", {"text": ["Gut."], "target_lang": "EN"}),
]


async def test_a_disagreement_is_counted_by_feature_and_field_and_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with stage(URGENT, **SHADOW) as service:
        given = (await service.post()).json()
        shadow = await service.shadow(of=1)
    assert given["urgency"] == "medium"
    assert shadow == {
        "share": 1,
        "dropped": 0,
        "features": {
            "tickets": {
                "compared": 1,
                "disagreed": 1,
                "fields": {"urgency": 1},
                "problems": {},
            }
        },
    }
    logged = capsys.readouterr().err
    assert "The candidate disagrees on tickets: urgency." in logged
    assert "[shadow-" in logged
    assert "lamp" not in logged


async def test_agreement_in_other_words_is_none() -> None:
    async with stage(says(ticket(summary="The lamp does not work.")), **SHADOW) as service:
        await service.post()
        counts = (await service.shadow(of=1))["features"]["tickets"]
    assert (counts["compared"], counts["disagreed"]) == (1, 0)


@pytest.mark.parametrize(
    ("path", "body", "said", "field"),
    [
        ("/answers", QUESTION, said_answer("Who knows?", action="handoff"), "action"),
        ("/answers/stream", QUESTION, said_answer("Who knows?", action="handoff"), "action"),
        ("/answers", QUESTION, said_answer("It lasts 7 years.", 1), "checks"),
        ("/translations/stream", {**REVIEW, "text": ["Es hat 3 Knöpfe."]}, "Buttons.", "checks"),
    ],
)
async def test_streams_and_proofs_are_compared(
    path: str, body: dict[str, Any], said: str, field: str
) -> None:
    def base(messages: list[dict[str, Any]]) -> str:
        return "It has 3 buttons." if "translations" in path else good(messages)

    async with stage(says(said), base, **SHADOW) as service:
        await service.post(path, body)
        (counts,) = (await service.shadow(of=1))["features"].values()
    assert counts["fields"][field] == 1


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (good, None),
        (says(httpx.Response(500)), "upstream-failed"),
        (says(httpx.ConnectError("refused")), "upstream-unreachable"),
        (says(httpx.Response(200, content=b"\xff\x00<html>")), "upstream-failed"),
        (says(" "), "model-output-invalid"),
        (None, None),
    ],
    ids=["good", "failing", "down", "garbage", "empty", "hanging"],
)
async def test_callers_get_what_they_get_without_it(
    other: Says | None, problem: str | None
) -> None:
    async def all_of_them(**settings: Any) -> list[tuple[int, str]]:
        async with stage(other or good, **settings) as service:
            if other is None:
                service.close_gate()
            responses = [await service.post(*asked) for asked in ASKED for _ in range(3)]
            if settings and other:
                features = (await service.shadow(of=12))["features"]
                problems = {name: set(counts["problems"]) for name, counts in features.items()}
                wanted = {problem} if problem else set[str]()
                names = ("tickets", "answers", "translations")
                assert problems == dict.fromkeys(names, wanted)
        return [(each.status_code, said(each)) for each in responses]

    assert await all_of_them(**SHADOW) == await all_of_them()


def email(number: int) -> dict[str, str]:
    """One that no other call is like."""
    return {"text": f"My lamp {number} broke."}


def said(response: httpx.Response) -> str:
    """What a caller reads, but for the answer's name, which is a new one each time."""
    lines = response.text.split('"message_id":"')
    return "".join([lines[0], *(line.partition('"')[2] for line in lines[1:])])


async def test_a_candidate_that_hangs_has_its_deadline() -> None:
    async with stage(**SHADOW, timeout=2) as service:
        service.close_gate()
        await service.post()
        shadow = await service.shadow(of=1)
        await until(lambda: not service.open[OTHER])
    assert shadow["features"]["tickets"]["problems"] == {"deadline-exceeded": 1}


async def test_what_there_is_no_room_for_is_dropped_and_counted() -> None:
    async with stage(**SHADOW) as service:
        gate = service.close_gate()
        for number in range(60):
            assert (await service.post(body=email(number))).status_code == 200
        assert service.open[OTHER] == 4
        assert (await service.candidate())["shadow"]["dropped"] == 60 - 4 - 32
        for _ in range(60):
            gate.release()
        shadow = await service.shadow(of=60)
    assert service.asked == {BASE: 60, OTHER: 36}
    assert shadow["features"]["tickets"]["compared"] == 36


async def test_a_large_request_is_dropped() -> None:
    async with stage(**SHADOW) as service:
        content = json.dumps(EMAIL) + " " * 1_100_000
        headers = {"content-type": "application/json"}
        given = await service.client.post("/tickets", content=content, headers=headers)
        assert given.status_code == 200
        assert (await service.candidate())["shadow"]["dropped"] == 1
    assert service.asked[OTHER] == 0


async def test_shutdown_waits_for_no_shadow_and_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    async with stage(**SHADOW, timeout=3600) as service:
        service.close_gate()
        for number in range(6):
            await service.post(body=email(number))
        assert service.open[OTHER] == 4
    await until(lambda: not service.open[OTHER])
    await until(lambda: asyncio.all_tasks() == before)


async def test_nothing_begins_while_calls_queue_for_the_base_model() -> None:
    async with stage(**SHADOW, max_concurrency=1) as service:
        gate = service.close_gate(BASE)
        posts = [asyncio.create_task(service.post(body=email(number))) for number in range(3)]
        await until(lambda: service.asked[BASE] == 1)
        gate.release()
        await until(lambda: service.asked[BASE] == 2)
        await until(lambda: any(post.done() for post in posts))
        assert service.asked[OTHER] == 0
        gate.release()
        await until(lambda: service.asked[OTHER] > 0)
        gate.release()
        await asyncio.gather(*posts)
        await service.shadow(of=3)


async def test_a_candidate_on_this_machine_gives_way_to_callers() -> None:
    here: dict[str, Any] = {
        "candidate": "embedded:gemma-3-270m",
        "candidate_base_url": "http://engine/v1",
    }
    async with stage(**here, shadow=1) as service:
        service.models["gemma-3-270m"] = good
        gate = service.close_gate("gemma-3-270m")
        await service.post()
        await until(lambda: service.open["gemma-3-270m"] == 1)
        await service.post("/translations", REVIEW)
        await until(lambda: service.asked["gemma-3-270m"] == 2)
        assert service.open["gemma-3-270m"] == 1
        gate.release()
        shadow = await service.shadow(of=2)
    assert shadow["dropped"] == 1
    assert list(shadow["features"]) == ["translations"]


async def test_a_share_of_none_asks_nothing_of_it() -> None:
    settings: dict[str, Any] = {**SHADOW, "shadow": 0}
    async with stage(**settings) as service:
        await service.post()
        assert await service.candidate() is None
    assert service.asked == {BASE: 1}


async def test_disagreements_are_kept_and_answers_only_once(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    unknown = says(said_answer("Nobody told me.", action="unknown"))
    async with stage(unknown, **SHADOW, store=path) as service:
        given = (await service.post("/answers", QUESTION)).json()
        await service.shadow(of=1)
        await service.client.post(
            "/tickets/email",
            content=b"Subject: Lamp\r\n\r\nIt broke.",
            headers={"content-type": "message/rfc822"},
        )
        await service.shadow(of=2)
    store = Store(path)
    (kept,) = store.disagreements(10)
    assert kept.feature == "answers"
    assert kept.fields == ["action", "grounded", "checks"] or kept.fields == ["action", "grounded"]
    assert kept.request == QUESTION
    assert json.dumps(kept.reply) == json.dumps(given)
    assert isinstance(kept.candidate_reply, dict)
    assert kept.candidate_reply["action"] == "unknown"
    assert store.gaps(10) == [], "the shadow's answers are nobody's"
    assert store.find(kept.candidate_reply["message_id"]) is None  # pyright: ignore[reportArgumentType]
    assert store.find(given["message_id"])
    store.close()


async def test_a_conversation_is_no_matter_of_the_shadow(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with stage(says(said_answer("Hm.", action="clarify")), **SHADOW, store=path) as service:
        first = await service.post("/answers", {**QUESTION, "store": True})
        name: str = first.json()["conversation_id"]
        again = {**QUESTION, "conversation_id": name}
        assert (await service.post("/answers", again)).status_code == 200
        assert (await service.shadow(of=2))["dropped"] == 2
    store = Store(path)
    assert store.disagreements(10) == []
    assert len(store.conversation(name)) == 4
    store.close()
    assert service.asked[OTHER] == 0
