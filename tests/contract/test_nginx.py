"""The nginx of ``deploy/``, run for real before a service."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest
import uvicorn

from app.errors import BodyTooLarge, DeadlineExceeded, Overloaded, QuotaExceeded
from app.factory import create_app
from app.settings import Settings
from tests.contract.proxy import CONFIGURATION, behind_nginx, prepare, trusting
from tests.contract.serving import application, serving
from tests.hostile.behaviours import Behaviour, Endless, Good, Hang
from tests.hostile.calls import Call
from tests.hostile.upstream import HostileUpstream, hostile_upstream
from tests.service import beside, free_port

REVIEW = {"text": ["Das Produkt ist sehr gut."], "target_lang": "EN"}

_Slow = tuple[httpx.AsyncClient, HostileUpstream]


def directive(name: str) -> str:
    found = re.findall(rf"^\s*{name} ([^;]+);", CONFIGURATION.read_text("utf-8"), re.MULTILINE)
    assert len(found) == 1, name
    return cast("str", found[0])


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    command, _ = prepare(tmp_path, "127.0.0.1:8000")
    run = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "warn" not in run.stderr


def test_limits_of_nginx_fit_those_of_the_service() -> None:
    defaults = Settings.model_fields
    assert int(directive("client_max_body_size").removesuffix("m")) * 1024 * 1024 == (
        defaults["max_body_bytes"].default
    )
    assert int(directive("proxy_read_timeout").removesuffix("s")) > defaults["timeout"].default
    idle = uvicorn.Config("app.main:app").timeout_keep_alive
    assert int(directive("keepalive_timeout").removesuffix("s")) < idle


def test_nginx_names_problems_as_the_service_does() -> None:
    texts = re.findall(r"return (\d+) '(.+)';", CONFIGURATION.read_text("utf-8"))
    problems = {int(status): json.loads(text) for status, text in texts}
    kinds = {413: BodyTooLarge, 429: QuotaExceeded, 503: Overloaded, 504: DeadlineExceeded}
    assert set(problems) == set(kinds)
    for status, kind in kinds.items():
        problem = problems[status]
        assert (problem["status"], problem["code"], problem["title"]) == (
            *(kind.status, kind.code, kind.title),
        )
        assert problem["type"] == (kind.type or f"urn:groundwork:problem:{kind.code}")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx.Client]:
    with (
        serving(application()) as direct,
        behind_nginx(tmp_path_factory.mktemp("nginx"), direct.base_url.netloc.decode()) as client,
    ):
        yield client


def test_request_ids_pass(proxied: httpx.Client) -> None:
    kept = proxied.get("/healthz", headers={"x-request-id": "order-7/a=b"})
    assert kept.headers.get_list("x-request-id") == ["order-7/a=b"]
    for silly in ("a b", "a" * 129, "<script>"):
        given = proxied.get("/healthz", headers={"x-request-id": silly})
        assert re.fullmatch(r"[0-9a-f]{32}", given.headers["x-request-id"])


def test_a_body_is_as_large_as_the_service_takes(proxied: httpx.Client) -> None:
    most = Settings.model_fields["max_body_bytes"].default
    headers = {"content-type": "message/rfc822", "x-request-id": "large"}
    email = b"Subject: Broken.\n\n"
    passed = proxied.post("/tickets/email", content=email.ljust(most, b"a"), headers=headers)
    assert passed.json()["code"] == "text-too-long", passed.text
    refused = proxied.post("/tickets/email", content=email.ljust(most + 1, b"a"), headers=headers)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-request-id"] == "large"
    assert refused.json()["code"] == "body-too-large"


def test_problems_of_the_service_pass(proxied: httpx.Client) -> None:
    refused = proxied.post("/answers", json={})
    assert refused.status_code == 422
    assert refused.json()["errors"]


def test_pages_are_compressed_and_kept(proxied: httpx.Client) -> None:
    script = "/static/docs/swagger-ui/swagger-ui-bundle.js"
    first = proxied.get(script)
    assert first.headers["content-encoding"] == "gzip"
    again = proxied.get(script, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_plain_http_is_told_of_https(tmp_path: Path) -> None:
    with behind_nginx(tmp_path, f"127.0.0.1:{free_port()}"):
        written = (tmp_path / "groundwork.conf").read_text("utf-8")
        (plain,) = re.findall(r"listen ([0-9.:]+);", written)
        sent_on = httpx.post(f"http://{plain}/translations?a=b", json=REVIEW)
    assert sent_on.status_code == 308
    assert sent_on.headers["location"] == "https://127.0.0.1/translations?a=b"


def test_a_flood_of_one_address_is_a_problem(tmp_path: Path) -> None:
    rate = "$binary_remote_addr zone=groundwork_requests:10m rate=1r/m"  # none comes back meanwhile
    with (
        serving(application()) as direct,
        behind_nginx(tmp_path, direct.base_url.netloc.decode(), limit_req_zone=rate) as client,
    ):
        answers = [client.get("/healthz") for _ in range(50)]
    assert [each.status_code for each in answers] == [200] * 40 + [429] * 10  # the first was ours
    _is_too_many(answers[-1])


async def test_requests_under_way_are_counted(tmp_path: Path) -> None:
    async with slow_service(tmp_path, limit_conn="groundwork_connections 1") as (caller, _):
        async with caller.stream("POST", "/translations/stream", json=REVIEW) as response:
            words = response.aiter_text()  # kept, or the stream ends with it
            await anext(words)
            _is_too_many(await caller.get("/healthz"))
        async with asyncio.timeout(60):  # until nginx has seen that its caller left
            while (await caller.get("/healthz")).status_code != 200:  # noqa: ASYNC110 # no event
                await asyncio.sleep(0.05)


def _is_too_many(refused: httpx.Response) -> None:
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-request-id"]
    assert refused.json()["code"] == "quota-exceeded"


def test_without_a_service_there_is_a_problem(tmp_path: Path) -> None:
    with behind_nginx(tmp_path, f"127.0.0.1:{free_port()}") as client:
        refused = client.post("/translations", json=REVIEW)
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["code"] == "overloaded"


def script(call: Call) -> Behaviour:
    """A first word at once and the next much later, or nothing at all."""
    if "capital of France" in call.text:  # the gateway's own question
        return Good("Paris")
    return Endless(gap=600) if call.stream else Hang()


@asynccontextmanager
async def slow_service(folder: Path, **others: str) -> AsyncGenerator[_Slow]:
    """A service behind nginx, whose upstream is slow."""
    async with hostile_upstream(script) as upstream:
        app = create_app(Settings(model="openai:any", base_url=upstream.base_url))
        async with beside(serving(app)) as service:
            address = service.base_url.netloc.decode()
            with behind_nginx(folder, address, **others) as client:
                async with httpx.AsyncClient(
                    base_url=client.base_url, verify=trusting(folder), timeout=60
                ) as caller:
                    yield caller, upstream


async def test_streams_come_as_they_are_made_and_end_with_their_caller(tmp_path: Path) -> None:
    async with slow_service(tmp_path) as (caller, upstream):
        async with caller.stream("POST", "/translations/stream", json=REVIEW) as response:
            assert response.status_code == 200
            assert "content-encoding" not in response.headers
            first = await anext(response.aiter_text())
            assert first.startswith('data: {"type":"delta"')
        (record,) = [record for record in upstream.calls if record.call.stream]
        async with asyncio.timeout(120):  # lest it waits for the upstream's next word
            while record.ended is None:  # noqa: ASYNC110 # what is watched is no event
                await asyncio.sleep(0.01)
        assert record.client_left is not None


async def test_a_service_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    async with slow_service(tmp_path, proxy_read_timeout="100ms") as (caller, _):
        late = await caller.post("/translations", json=REVIEW)
    assert late.status_code == 504
    assert late.headers["content-type"] == "application/problem+json"
    assert late.json()["code"] == "deadline-exceeded"
    assert late.headers["x-request-id"]
