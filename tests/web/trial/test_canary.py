"""A candidate as a canary: whom it answers, and the figures of both models."""

from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from app.factory import create_app
from app.provision import make_gateway
from app.web.trial import Trial
from tests.web.trial.stage import BASE, EMAIL, OTHER, QUESTION, REVIEW, Stage, says, stage, ticket
from tests.wire.replies import openai_message, said_answer
from tests.wire.service import good, upstream_that
from tests.wire.upstream import body_of, settings

HALF: dict[str, Any] = {"candidate": f"openai:{OTHER}", "canary": 0.5}


def trial_of(share: float) -> Trial:
    chosen = settings("openai", candidate=f"openai:{OTHER}", canary=share)
    gateway = make_gateway(chosen, None, lambda: upstream_that(good))
    return Trial(gateway, gateway, chosen, None, lambda: {"paths": {}})


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_share_of_the_callers(share: float) -> None:
    tenants = [f"Bearer key-{number}".encode() for number in range(10_000)]
    first, again = trial_of(share), trial_of(share)
    chosen = [tenant for tenant in tenants if first.is_canary(tenant)]
    assert chosen == [tenant for tenant in tenants if again.is_canary(tenant)]
    assert abs(len(chosen) - share * len(tenants)) <= 0.02 * len(tenants) * bool(share % 1)


def test_who_is_in_a_small_share_is_in_a_large_one() -> None:
    tenants = [f"key-{number}".encode() for number in range(1_000)]
    small, large = (set(filter(trial_of(share).is_canary, tenants)) for share in (0.05, 0.2))
    assert small
    assert small < large


def keys(count: int) -> tuple[list[str], list[str]]:
    """Some callers of the base model's, and some of the candidate's."""
    trial = trial_of(0.5)
    sides: tuple[list[str], list[str]] = ([], [])
    number = 0
    while min(map(len, sides)) < count:
        key, number = f"key-{number}", number + 1
        sides[trial.is_canary(f"Bearer {key}".encode())].append(key)
    return sides[0][:count], sides[1][:count]


BASE_KEY, OTHER_KEY = (side[0] for side in keys(1))


async def features_of(service: Stage) -> dict[str, Any]:
    features: dict[str, Any] = (await service.candidate())["canary"]["features"]
    return features


async def test_each_caller_has_one_model_and_is_told_of_the_candidate() -> None:
    async with stage(says(ticket(urgency="high")), **HALF) as service:
        for key, urgency, named in (
            (BASE_KEY, "medium", None),
            (OTHER_KEY, "high", f"openai:{OTHER}"),
        ):
            for _ in range(3):
                response = await service.post(key=key)
                assert response.json()["urgency"] == urgency
                assert response.headers.get("x-model") == named
        tickets = (await features_of(service))["tickets"]
        ready = await service.client.get("/readyz", headers={"authorization": OTHER_KEY})
        assert ready.json()["model"] == f"openai:{BASE}"
    assert tickets["model"]["requests"] == tickets["candidate"]["requests"] == 3
    assert service.asked == {BASE: 3, OTHER: 3}


async def test_figures_tell_the_two_apart() -> None:
    def other(messages: list[dict[str, Any]]) -> str | httpx.Response:
        if "4711" in messages[-1]["content"]:
            return httpx.Response(500)
        if "earlier answer" in messages[-1]["content"]:
            return said_answer("It lasts 8 years.", 1)
        return said_answer("It lasts 7 years.", 1)

    async with stage(other, **HALF) as service:
        for key in (BASE_KEY, OTHER_KEY):
            await service.post(key=key)
            await service.post("/answers/stream", QUESTION, key=key)
            given = await service.post("/answers", QUESTION, key=key)
            name = given.json()["message_id"]
            feedback = await service.post(f"/answers/{name}/feedback", {"rating": "up"}, key=key)
            assert feedback.status_code == 404, "nothing is kept"
        await service.post("/tickets", {"text": ""}, key=OTHER_KEY)
        features = await features_of(service)
    nothing: dict[str, int] = {}
    for feature, requests in (("tickets", 1), ("answers", 2)):
        figures = features[feature]["model"]
        assert (figures["requests"], figures["problems"]) == (requests, nothing)
        assert (figures["unkept"], figures["repaired"], figures["feedback"]) == (
            nothing,
            0,
            nothing,
        )
        assert 0 < figures["p50_seconds"] <= figures["p95_seconds"]
    tickets, answers = (features[name]["candidate"] for name in ("tickets", "answers"))
    assert tickets["problems"] == {"upstream-failed": 1, "text-empty": 1}
    assert (tickets["requests"], tickets["p50_seconds"]) == (2, None)
    assert (answers["requests"], answers["repaired"]) == (2, 2)
    assert list(answers["unkept"].values()) == [2]


async def test_feedback_counts_for_the_caller_s_model(tmp_path: Any) -> None:
    async with stage(**HALF, store=tmp_path / "store.sqlite") as service:
        for key, rating in ((BASE_KEY, "up"), (OTHER_KEY, "down")):
            name = (await service.post("/answers", QUESTION, key=key)).json()["message_id"]
            said = await service.post(f"/answers/{name}/feedback", {"rating": rating}, key=key)
            assert said.status_code == 201
        answers = (await features_of(service))["answers"]
    assert answers["model"]["feedback"] == {"up": 1}
    assert answers["candidate"]["feedback"] == {"down": 1}


async def test_streams_that_fail_in_the_middle_are_failures() -> None:
    broken = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: {")
    async with stage(says(broken), **HALF) as service:
        await service.post("/translations/stream", REVIEW, key=OTHER_KEY)
        figures = (await features_of(service))["translations"]["candidate"]
    assert figures["problems"] == {"upstream-failed": 1}


async def test_without_a_key_the_address_tells_callers_apart() -> None:
    app = create_app(settings("openai", **HALF), open_http=lambda: httpx.MockTransport(_by_model))
    trial = trial_of(0.5)
    seen: set[bool] = set()
    async with LifespanManager(app) as running:
        for number in range(20):
            address = f"10.0.0.{number}"
            transport = httpx.ASGITransport(running.app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                given = await client.post("/translations", json=REVIEW)
            is_canary = trial.is_canary(address.encode())
            seen.add(is_canary)
            text = given.json()["translations"][0]["text"]
            assert text == (OTHER if is_canary else BASE)
    assert seen == {True, False}


def _by_model(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return httpx.Response(200, json={})
    return openai_message(body_of(request)["model"])


async def test_drop_ins_are_answered_by_it_as_well() -> None:
    body = {"text": ["Gut."], "target_lang": "EN", "source_lang": "DE"}
    async with stage(says("Fine."), **HALF) as service:
        response = await service.post("/v2/translate", body, key=OTHER_KEY)
        assert response.json()["translations"][0]["text"] == "Fine."
        assert response.headers["x-model"] == f"openai:{OTHER}"
        assert (await features_of(service))["deepl"]["candidate"]["requests"] == 1


async def test_zero_rolls_back() -> None:
    settings: dict[str, Any] = {**HALF, "canary": 0}
    async with stage(says("x"), **settings) as service:
        response = await service.post(body=EMAIL, key=OTHER_KEY)
        assert response.status_code == 200
        assert await service.candidate() is None
    assert service.asked == {BASE: 1}


async def test_canaries_have_no_shadow() -> None:
    async with stage(**HALF, shadow=1) as service:
        await service.post(key=OTHER_KEY)
        await service.post(key=BASE_KEY)
        shadow = await service.shadow(of=1)
    assert shadow["features"]["tickets"]["compared"] == 1
    assert service.asked == {BASE: 1, OTHER: 2}
