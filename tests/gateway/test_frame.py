"""What a request says of its time and of cached answers, and what its response tells of them."""

import asyncio

import httpx
import pytest

from app.callers import Door, Limiter
from app.settings import Settings
from app.web.bodies import Bodies
from app.web.frame import RequestFrame
from app.web.shutdown import Shutdown
from tests.gateway.plain import but_for_the_probe, in_process, plain_app
from tests.hostile.behaviours import Good, Hang
from tests.hostile.memory import memory_upstream

HELLO = {"text": "hello"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the frame's own clock is the machine's


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e3", "nan", "inf", "1,5", " ", "1000000"])
async def test_malformed_timeout_is_a_problem(value: str) -> None:
    async with (
        memory_upstream(but_for_the_probe(Good())) as upstream,
        in_process(plain_app(upstream)) as client,
    ):
        response = await client.post("/whole", json=HELLO, headers={"x-request-timeout": value})
        assert response.status_code == 400
        assert response.json()["code"] == "header-invalid"
        assert "X-Request-Timeout" in response.json()["detail"]


async def test_deadline_is_a_problem_that_tells_what_was_spent() -> None:
    async with (
        memory_upstream(but_for_the_probe(Hang())) as upstream,
        in_process(plain_app(upstream)) as client,
    ):
        response = await client.post("/whole", json=HELLO, headers={"x-request-timeout": "0.05"})
        assert response.status_code == 504
        problem = response.json()
        assert problem["code"] == "deadline-exceeded"
        spent = problem["spent_seconds"]
        assert set(spent) == {"queue", "backoff", "upstream", "own"}
        assert spent["upstream"] > 0


async def test_response_tells_where_its_answer_came_from_and_its_time_went() -> None:
    async with (
        memory_upstream(but_for_the_probe(Good())) as upstream,
        in_process(plain_app(upstream, cache_ttl=60)) as client,
    ):

        async def told(wishes: str) -> httpx.Headers:
            return (
                await client.post("/whole", json=HELLO, headers={"cache-control": wishes})
            ).headers

        wishes = ("", "", "no-cache", "no-store", "=,;malformed")
        statuses = [(await told(wish))["cache-status"] for wish in wishes]
        stored, hit, fresh = "fwd=miss; stored", "hit", "fwd=request"
        assert statuses == [f"Groundwork; {x}" for x in (stored, hit, fresh, fresh, hit)]
        timing = (await told("no-cache"))["server-timing"]
        assert [part.split(";")[0] for part in timing.split(", ")] == [
            "queue",
            "backoff",
            "upstream",
            "own",
        ]


async def test_response_tells_that_its_answer_was_shared() -> None:
    async with (
        memory_upstream(but_for_the_probe(Good(delay=0.05))) as upstream,
        in_process(plain_app(upstream)) as client,
    ):
        both = await asyncio.gather(*(client.post("/whole", json=HELLO) for _ in range(2)))
        told = {response.headers["cache-status"] for response in both}
        assert told == {"Groundwork; fwd=bypass", "Groundwork; fwd=miss; collapsed"}


async def test_readiness_tells_how_things_stand() -> None:
    async with (
        memory_upstream(but_for_the_probe(Good())) as upstream,
        in_process(plain_app(upstream)) as client,
    ):
        await client.post("/whole", json=HELLO)
        report = (await client.get("/readyz")).json()
        assert report["status"] == "ready"
        assert report["upstream"] == {
            "breaker": "closed",
            "concurrency": 16,
            "running": 0,
            "queued": 0,
            "output_mode": "schema",
            "output_modes": {
                "schema": "honoured",
                "tool": "untried",
                "json": "untried",
                "prompt": "untried",
            },
        }


async def test_nothing_is_accepted_once_the_shutdown_has_begun() -> None:
    shutdown = Shutdown(grace=0)
    shutdown.begun = True

    async def never(*_: object) -> None:
        pytest.fail("it was let through")

    bodies = Bodies(most=1024, together=1024, seconds=1)
    limiter = Limiter(Settings(model="openai:m"))
    frame = RequestFrame(never, bodies=bodies, shutdown=shutdown, door=Door(), limiter=limiter)
    transport = httpx.ASGITransport(frame)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.post("/whole", json=HELLO)
    assert response.status_code == 503
    assert response.json()["code"] == "shutting-down"
    assert response.headers["retry-after"] == "1"
