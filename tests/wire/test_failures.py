"""Every way in which an upstream fails, and the problem that a caller gets for it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from asgi_lifespan import LifespanManager

from app.errors import (
    GroundworkError,
    InputTooLong,
    UpstreamFailed,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from app.factory import create_app
from app.gateway.upstream import retry_after
from tests.wire.replies import MESSAGES
from tests.wire.upstream import KEY, URLS, completed, settings, streamed

NOTE = "what only the provider says"
STATUSES: list[tuple[int, type[GroundworkError]]] = [
    (400, UpstreamRejected),
    (401, UpstreamRejected),
    (403, UpstreamRejected),
    (404, UpstreamRejected),
    (408, UpstreamUnavailable),
    (409, UpstreamUnavailable),
    (413, UpstreamRejected),
    (422, UpstreamRejected),
    (429, UpstreamRateLimited),
    (500, UpstreamFailed),
    (502, UpstreamFailed),
    (503, UpstreamUnavailable),
    (529, UpstreamUnavailable),
    (302, UpstreamRejected),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(("status", "error"), STATUSES)
async def test_status(provider: str, status: int, error: type[GroundworkError]) -> None:
    answer = httpx.Response(status, json={"error": {"message": NOTE}})
    for ask in (completed, streamed):
        with pytest.raises(error) as caught:
            await ask(answer, provider)
        assert type(caught.value) is error
        assert caught.value.upstream_note == f"HTTP {status}"
        assert NOTE not in caught.value.detail


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("body", "note"),
    [
        ({"error": {"type": "overloaded_error", "message": NOTE}}, "HTTP 400 overloaded_error"),
        ({"error": {"type": "a", "code": "b.c-d", "param": NOTE}}, "HTTP 400 a b.c-d"),
        ({"error": {"type": NOTE, "code": None}}, "HTTP 400"),
        ({"error": NOTE}, "HTTP 400"),
        (
            {"object": "error", "type": "BadRequestError", "code": 400},
            "HTTP 400 BadRequestError 400",
        ),
        ([NOTE], "HTTP 400"),
    ],
    ids=["type", "code", "words", "text", "flat", "list"],
)
async def test_of_an_error_its_names_are_noted_and_not_its_words(
    provider: str, body: object, note: str
) -> None:
    with pytest.raises(UpstreamRejected) as caught:
        await completed(httpx.Response(400, json=body), provider)
    assert caught.value.upstream_note == note


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("refused"), UpstreamUnreachable),
        (httpx.ConnectTimeout("slow"), UpstreamUnreachable),
        (httpx.ReadTimeout("slow"), UpstreamTimeout),
        (httpx.WriteTimeout("slow"), UpstreamTimeout),
        (httpx.PoolTimeout("full"), UpstreamTimeout),
        (httpx.ReadError("reset"), UpstreamFailed),
        (httpx.RemoteProtocolError("cut"), UpstreamFailed),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_connection(failure: Exception, error: type[GroundworkError]) -> None:
    for ask in (completed, streamed):
        with pytest.raises(error) as caught:
            await ask(failure, "openai")
        assert type(caught.value) is error


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("openai", 400, {"error": {"code": "context_length_exceeded", "message": "too long"}}),
        ("openai", 400, {"error": {"type": "exceed_context_size_error", "message": "too long"}}),
        ("anthropic", 400, {"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}}),
    ],
)
async def test_too_long_an_input_is_the_caller_s_error(
    provider: str, status: int, body: dict[str, object]
) -> None:
    with pytest.raises(InputTooLong):
        await completed(httpx.Response(status, json=body), provider)


async def test_used_up_quota_is_no_rate_limit() -> None:
    body = {"error": {"code": "insufficient_quota"}}
    with pytest.raises(UpstreamRejected):
        await completed(httpx.Response(429, json=body), "openai")


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "0.5"}, 0.5, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, 0),
    ],
)
def test_retry_after_is_read_in_each_form(
    headers: dict[str, str], least: float, most: float
) -> None:
    seconds = retry_after(headers)
    assert seconds is not None
    assert least <= seconds <= most


def test_retry_after_is_read_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    seconds = retry_after({"retry-after": format_datetime(moment)})
    assert seconds is not None
    assert 3590 <= seconds <= 3600


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", "inf", "99 Foo 2026"])
def test_senseless_retry_after_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}) is None


async def asked(answer: httpx.Response | Exception) -> httpx.Response:
    """What a caller of the whole application gets when the upstream gives ``answer``."""

    def upstream(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    app = create_app(settings("openai"), open_http=lambda: httpx.MockTransport(upstream))
    async with LifespanManager(app) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.post("/tickets", json={"text": "My lamp broke."})


def cut_off(*, output_tokens: int) -> httpx.Response:
    """An answer that ended for want of room: its own, or the context's if it is shorter."""
    body = MESSAGES["openai"]("x", "length").json()
    body["usage"]["completion_tokens"] = output_tokens
    return httpx.Response(200, json=body)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (httpx.ConnectError("x"), 502, "upstream-unreachable"),
        (httpx.ReadTimeout("x"), 504, "upstream-timeout"),
        (httpx.Response(429, headers={"retry-after": "7"}), 503, "upstream-rate-limited"),
        (httpx.Response(401, text=f"bad key {KEY}"), 502, "upstream-rejected"),
        (httpx.Response(500, text="Traceback: " + KEY), 502, "upstream-failed"),
        (httpx.Response(503), 503, "upstream-unavailable"),
        (MESSAGES["openai"]("x", "content_filter"), 422, "model-refused"),
        (cut_off(output_tokens=7), 422, "input-too-long"),
        (cut_off(output_tokens=10_000), 502, "model-output-truncated"),
        (MESSAGES["openai"]("no ticket"), 502, "model-output-invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_caller_gets_a_problem_that_leaks_nothing(
    answer: httpx.Response | Exception, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await asked(answer)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"].endswith(code)
    assert KEY not in response.text
    assert "Traceback" not in response.text
    if status == 503:
        assert response.headers["retry-after"] == ("7" if "limited" in code else "1")
    assert URLS["openai"] not in response.text
    logged = capsys.readouterr().err
    assert code in logged
    assert KEY not in logged
