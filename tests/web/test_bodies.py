"""Bodies have bounds of their own and all together, and hold what their type says."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.errors import BodyTooLarge, Overloaded, RequestTimeout
from app.web.bodies import MOST_JSON, SMALL, Bodies, Body
from tests.wire.service import service_on

JSON = {"content-type": "application/json"}
FORM = "application/x-www-form-urlencoded"
PATHS = [
    "/tickets",
    "/answers",
    "/answers/stream",
    "/answers/msg_1/feedback",
    "/translations",
    "/translations/stream",
    "/v2/translate",
    "/translate",
    "/detect",
]

Receive = Callable[[], Awaitable[dict[str, Any]]]


def sends(*sizes: int, ends: bool = True) -> Receive:
    """A caller who sends pieces of these sizes, and then, perhaps, waits for ever."""
    left = list(sizes)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        body = b"a" * left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or not ends}

    return receive


@asynccontextmanager
async def half_sent(bodies: Bodies, size: int) -> AsyncGenerator[None]:
    """Somebody has sent so much, and the rest does not come."""

    async def read() -> None:
        with Body(bodies) as body:
            await body.read({}, sends(size, ends=False))

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def bounds(**others: float) -> Bodies:
    return Bodies(**{"most": 10 * SMALL, "together": 15 * SMALL, "seconds": 60, **others})  # type: ignore[arg-type]


async def read(bodies: Bodies, receive: Receive) -> int:
    with Body(bodies) as body:
        return len((await body.read({}, receive))["body"])


async def test_bodies_share_the_memory_until_they_are_answered() -> None:
    bodies = bounds()
    with Body(bodies) as first:
        await first.read({}, sends(5 * SMALL, 5 * SMALL))
        with pytest.raises(Overloaded) as refused:
            await read(bodies, sends(3 * SMALL, 3 * SMALL))
        assert refused.value.headers["Retry-After"] == "1"
        assert await read(bodies, sends(5 * SMALL)) == 5 * SMALL
    assert await read(bodies, sends(10 * SMALL)) == 10 * SMALL
    assert bodies.held == 0


async def test_half_sent_bodies_count() -> None:
    bodies = bounds()
    async with half_sent(bodies, 9 * SMALL):
        with pytest.raises(Overloaded):
            await read(bodies, sends(7 * SMALL))
    assert await read(bodies, sends(7 * SMALL)) == 7 * SMALL
    assert bodies.held == 0


async def test_small_ones_are_always_read() -> None:
    bodies = bounds()
    async with half_sent(bodies, 10 * SMALL), half_sent(bodies, 5 * SMALL):
        for _ in range(100):
            assert await read(bodies, sends(SMALL)) == SMALL


async def test_one_of_the_largest_fits_whatever_the_setting_says() -> None:
    bodies = bounds(together=SMALL)
    assert await read(bodies, sends(10 * SMALL)) == 10 * SMALL
    with pytest.raises(BodyTooLarge):
        await read(bodies, sends(10 * SMALL, 1))
    assert bodies.held == 0


async def test_a_slow_one_is_given_up() -> None:
    bodies = bounds(seconds=0.05)
    with pytest.raises(RequestTimeout) as late:
        await read(bodies, sends(3 * SMALL, ends=False))
    assert late.value.headers == {"Connection": "close"}
    assert bodies.held == 0


@pytest.mark.parametrize(
    "value",
    [
        rb'"\ud800"',
        rb'"\udc00 and more"',
        rb'["\ud83d "]',
        rb'{"\ud800": 1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b"NaN",
        b"[-Infinity]",
        b"[" * 5_000,
        b"1" * 5_000,
    ],
    ids=str,
)
async def test_json_that_is_none_is_refused_at_the_door(value: bytes) -> None:
    async with service_on() as client:
        for path in PATHS:
            body = b'{"text": "Hello.", "unknown": ' + value + b"}"
            response = await client.post(path, content=body, headers=JSON)
            assert (response.status_code, response.json()["code"]) == (400, "malformed-json"), path
            assert response.headers["content-type"] == "application/problem+json"


async def test_json_of_many_values_is_refused_before_any_is_made() -> None:
    """Ten megabytes of empty lists took two hundred in memory; what stands in a text is no value."""
    within = b'{"text": "' + rb"[,\"{\\" * 50_000 + b'"'
    bodies = {
        b'{"text": [' + b"[]," * 50_000 + b"1]}": "body-too-large",
        b'{"text": [' + b'"",' * 200_000 + b'""]}': "body-too-large",
        within + b', "a": [' + b"[]," * 50_000 + b"1]}": "body-too-large",
        within + b"}": "request-invalid",
    }
    async with service_on() as client:
        for body, code in bodies.items():
            response = await client.post("/translations", content=body, headers=JSON)
            assert response.json()["code"] == code


async def test_json_is_smaller_than_other_bodies() -> None:
    """All of it is read in one go; an email comes in pieces."""
    bodies, announced = bounds(most=3 * MOST_JSON), {b"content-length": b"%d" % (MOST_JSON + 1)}
    for kind in (b"application/json", b"application/problem+json; charset=utf-8"):
        with Body(bodies) as body, pytest.raises(BodyTooLarge, match=str(MOST_JSON)):
            await body.read({b"content-type": kind, **announced}, sends(1, ends=False))
        with Body(bodies) as body, pytest.raises(BodyTooLarge):
            await body.read({b"content-type": kind}, sends(MOST_JSON, 1))
    with Body(bodies) as body:
        await body.read({b"content-type": b"message/rfc822"}, sends(3 * MOST_JSON))


async def test_another_encoding_than_utf_8_is_no_json() -> None:
    async with service_on() as client:
        text = '{"text": "Meine Lampe ist kaputt."}'
        for encoding, status in {"utf-8": 200, "utf-8-sig": 200, "utf-16": 400}.items():
            body = text.encode(encoding)
            response = await client.post("/tickets", content=body, headers=JSON)
            assert response.status_code == status, encoding


async def test_the_first_content_type_counts() -> None:
    async with service_on() as client:
        headers = [("content-type", "application/json"), ("content-type", "text/plain")]
        response = await client.post("/detect", content=rb'{"q": "\ud800"}', headers=headers)
        assert response.json()["code"] == "malformed-json"


async def test_a_number_that_is_too_large_is_no_number() -> None:
    async with service_on() as client:
        field = b'{"type": "object", "properties": {"a": {"type": "number", "minimum": 1e999}}}'
        body = b'{"text": "Hello.", "custom_fields": ' + field + b"}"
        response = await client.post("/tickets", content=body, headers=JSON)
        assert response.status_code == 422, response.text


@pytest.mark.parametrize("path", ["/v2/translate", "/translate", "/detect", "/tickets/email"])
@pytest.mark.parametrize(
    "charset", ["raw_unicode_escape", "unicode_escape", "punycode", "undefined", "idna", "rot13"]
)
async def test_a_form_whose_charset_makes_no_text_of_it_is_refused(path: str, charset: str) -> None:
    fields = {"text": r"\ud800", "q": r"\ud800", "email": r"\ud800", "target": "DE"}
    parts = "".join(
        f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**fields, "target_lang": "DE"}.items()
    )
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    async with service_on() as client:
        response = await client.post(path, content=f"{parts}--x--\r\n", headers=headers)
        assert response.status_code in {200, 400, 422}, response.text
        if charset == "undefined":
            assert response.json()["code"] == "malformed-form"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_form_of_a_million_fields_is_refused_at_once(method: str) -> None:
    async with service_on() as client:
        for path in ("/v2/translate", "/v2/languages", "/translate"):
            for body in (b"&" * 1_000_000, b"a&" * 500_000):
                headers = {"content-type": FORM}
                response = await client.request(method, path, content=body, headers=headers)
                assert response.json()["code"] == "malformed-form", path


async def test_a_problem_of_the_door_has_what_every_response_has() -> None:
    async with service_on() as client:
        headers = JSON | {"x-request-id": "r-1"}
        response: httpx.Response = await client.post("/tickets", content=b"{", headers=headers)
        assert response.headers["x-request-id"] == "r-1"
        assert "line 1 column 1" in response.json()["detail"]
