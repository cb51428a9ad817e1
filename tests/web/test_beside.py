"""Other models beside the base model, in the whole service: what callers and operators are told."""

import asyncio
from typing import Any

import httpx
import psutil
import pytest
from asgi_lifespan import LifespanManager

from app.factory import create_app
from app.gateway.transport import open_http
from app.provision import Models
from tests.gateway.support import until
from tests.service import MODEL, START_SECONDS
from tests.web.trial.stage import BASE, EMAIL, OTHER, REVIEW, Says, says, stage
from tests.wire.service import good, upstream_that
from tests.wire.upstream import settings

FALLBACK: dict[str, Any] = {"fallback": f"openai:{OTHER}"}
DOWN: Says = says(httpx.Response(500))


async def test_fallback_is_named_and_counted() -> None:
    async with stage(good, DOWN, **FALLBACK) as service:
        statuses = [(await service.post()).status_code for _ in range(19)]
        assert statuses == [502] * 19
        for path, body in (("/tickets", EMAIL), ("/translations/stream", REVIEW)):
            response = await service.post(path, body)
            assert response.status_code == 200, response.text
            assert response.headers["x-model"] == f"openai:{OTHER}"
            assert '"model":"model-1"' in response.text
        ready = await service.ready()
        assert ready["status"] == "ready"
        assert ready["upstream"]["breaker"] == "open"
        other = {"model": f"openai:{OTHER}", "breaker": "closed", "answered": 2}
        assert ready["fallback"] == other
    assert service.asked == {BASE: 20, OTHER: 2}


async def test_while_the_base_model_answers_nobody_is_told_of_another() -> None:
    async with stage(DOWN, **FALLBACK) as service:
        response = await service.post()
        assert response.status_code == 200
        assert "x-model" not in response.headers
        assert (await service.ready())["fallback"]["answered"] == 0
    assert service.asked == {BASE: 1}


async def test_what_the_fallback_answered_is_not_the_base_model_s() -> None:
    beside: dict[str, Any] = {"candidate": "openai:third", "shadow": 1, "canary": 0.000001}
    async with stage(good, DOWN, **FALLBACK, **beside) as service:
        service.models["third"] = good
        for _ in range(20):
            await service.post()
        candidate = await service.candidate()
    assert candidate["canary"]["features"]["tickets"]["model"]["requests"] == 19
    assert candidate["shadow"]["features"] == {}
    assert service.asked["third"] == 0


async def test_shutdown_ends_all_of_them() -> None:
    before = asyncio.all_tasks()
    async with stage(good, DOWN, **FALLBACK) as service:
        for _ in range(19):
            await service.post()
        service.close_gate()
        asking = asyncio.create_task(service.post())
        await until(lambda: service.open[OTHER] == 1)
        asking.cancel()
    await until(lambda: asyncio.all_tasks() == before)
    assert service.open[OTHER] == 0


def test_keys_of_all_of_them_are_secrets() -> None:
    keys = {f"{role}_api_key": f"key-of-{role}" for role in ("candidate", "fallback")}
    chosen = settings("openai", candidate="openai:x", canary=1, **FALLBACK, **keys)
    assert {"key-of-candidate", "key-of-fallback"} < set(Models(chosen).secrets)


def test_another_server_is_not_sent_the_base_model_s_key() -> None:
    chosen = settings("openai", fallback="openai:x", fallback_base_url="http://other/v1")
    other = chosen.beside("fallback")
    assert other
    assert (other.base_url, other.upstream_key) == ("http://other/v1", None)


@pytest.mark.engine
async def test_an_embedded_candidate_has_an_engine_of_its_own() -> None:
    class Here(httpx.AsyncBaseTransport):
        """The hosted model of the mind, and this machine's engine."""

        def __init__(self) -> None:
            self.hosted, self.near = upstream_that(good), open_http()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            there = self.near if request.url.host == "127.0.0.1" else self.hosted
            return await there.handle_async_request(request)

        async def aclose(self) -> None:
            await self.near.aclose()

    children = psutil.Process().children(recursive=True)
    chosen = settings("openai", candidate=MODEL, shadow=1, canary=1, timeout=600)
    app = create_app(chosen, open_http=Here)
    async with LifespanManager(app, startup_timeout=START_SECONDS) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            first = await client.post("/translations", json=REVIEW)
            assert first.json()["model"] == "model-1", "its engine is starting"
            async with asyncio.timeout(START_SECONDS):
                while (given := await client.post("/translations", json=REVIEW)).is_success:
                    if "x-model" in given.headers:
                        break
                    await asyncio.sleep(0.1)
            assert given.json()["model"] == MODEL.removeprefix("embedded:")
            report = (await client.get("/readyz")).json()["candidate"]
    assert report["canary"]["features"]["translations"]["candidate"]["requests"] == 1
    assert not report["canary"]["features"]["translations"]["candidate"]["problems"]
    assert psutil.Process().children(recursive=True) == children
