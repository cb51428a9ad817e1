"""Which sites' pages may call the service from a browser, and what they can read of its answers."""

from collections.abc import Generator

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from pydantic import ValidationError

from app.settings import Settings
from app.web.cors import EXPOSED
from tests.contract.serving import application, serving

SHOP = "https://shop.example"
DEV = "http://localhost:5173"
QUESTION = {"question": "How long?", "documents": [{"text": "It lasts three years."}]}
# What a script may read in any case (Fetch, "CORS-safelisted response-header name").
SAFE = {"cache-control", "content-length", "content-type", "expires", "last-modified", "pragma"}
# What is for browsers and proxies.
UNREAD = {"connection", "date", "transfer-encoding", "vary"} | {
    "x-accel-buffering",
    "x-content-type-options",
}


def break_down(app: FastAPI) -> None:
    """Give the application a path that fails in a way that nobody foresaw."""

    @app.get("/broken")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction] # a route
        raise RuntimeError


@pytest.fixture(scope="module")
def client() -> Generator[httpx.Client]:
    app = application(cors_origins=f"{SHOP}, {DEV}", max_body_bytes=2048, cache_ttl=60)
    break_down(app)
    with serving(app) as running:
        yield running


REQUESTS = {
    "answer": (httpx.Request("POST", "/answers", json=QUESTION), 200),
    "stream": (httpx.Request("POST", "/answers/stream", json=QUESTION), 200),
    "ticket": (httpx.Request("POST", "/tickets", json={"text": "My lamp broke."}), 200),
    "field": (httpx.Request("POST", "/answers", json={}), 422),
    "path": (httpx.Request("GET", "/nowhere"), 404),
    "method": (httpx.Request("GET", "/answers"), 405),
    "wish": (httpx.Request("GET", "/healthz", headers={"x-request-timeout": "soon"}), 400),
    "body": (httpx.Request("POST", "/answers", json="a" * 4096), 413),
    "unforeseen": (httpx.Request("GET", "/broken"), 500),
}


def send(client: httpx.Client, request: httpx.Request, origin: str | None) -> httpx.Response:
    headers = {**request.headers, **({"origin": origin} if origin else {})}
    headers.pop("host", None)
    return client.request(
        request.method, request.url.path, content=request.content, headers=headers
    )


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("origin", [SHOP, DEV])
def test_a_listed_site_can_read_every_answer(client: httpx.Client, name: str, origin: str) -> None:
    request, status = REQUESTS[name]
    response = send(client, request, origin)
    assert response.status_code == status, response.text
    headers = response.headers
    assert headers["access-control-allow-origin"] == origin
    assert "Origin" in headers["vary"]
    assert "access-control-allow-credentials" not in headers
    assert headers["x-request-id"]
    exposed = {part.strip().lower() for part in headers["access-control-expose-headers"].split(",")}
    sent = {header for header in headers if not header.startswith("access-control-")}
    assert sent - SAFE - UNREAD <= exposed


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("origin", ["https://other.example", f"{SHOP}.other.example", "null", None])
def test_another_site_can_read_none(client: httpx.Client, name: str, origin: str | None) -> None:
    request, status = REQUESTS[name]
    response = send(client, request, origin)
    assert response.status_code == status
    assert "access-control-allow-origin" not in response.headers
    assert "Origin" in response.headers["vary"]  # or a shared cache gives it to a listed one


def preflight(client: httpx.Client, origin: str, method: str) -> httpx.Response:
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,x-request-timeout",
    }
    return client.options("/answers", headers=asked)


def test_preflight_of_a_listed_site_is_kept(client: httpx.Client) -> None:
    response = preflight(client, SHOP, "POST")
    assert response.status_code == 200
    headers = response.headers
    assert headers["access-control-allow-origin"] == SHOP
    assert "POST" in headers["access-control-allow-methods"].split(", ")
    assert {"authorization", "content-type", "x-request-timeout"} <= set(
        headers["access-control-allow-headers"].split(",")
    )
    assert headers["access-control-max-age"] == "7200"


@pytest.mark.parametrize(("origin", "method"), [("https://other.example", "POST"), (SHOP, "TRACE")])
def test_preflight_of_others_fails(client: httpx.Client, origin: str, method: str) -> None:
    assert (preflight(client, origin, method)).status_code == 400


def test_without_the_setting_no_site_is_answered_so() -> None:
    with serving(application()) as client:
        response = client.post("/answers", json=QUESTION, headers={"origin": SHOP})
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers
        assert (preflight(client, SHOP, "POST")).status_code == 405


def test_exposed_headers_are_named_once() -> None:
    assert len({name.lower() for name in EXPOSED}) == len(EXPOSED)


def origins_of(value: str) -> tuple[str, ...]:
    return Settings(cors_origins=value).cors_origins  # pyright: ignore # as the environment gives it


def test_origins_are_separated_by_commas() -> None:
    assert origins_of(f" {SHOP} ,{DEV},") == (SHOP, DEV)
    assert origins_of("") == ()
    assert origins_of("http://[::1]:8080,tauri://localhost") == (
        "http://[::1]:8080",
        "tauri://localhost",
    )


@pytest.mark.parametrize(
    "value",
    [
        *("*", "null", "shop.example", "https://", "https://*.example", f"{SHOP}/", f"{SHOP}/path"),
        *("HTTPS://shop.example", "https://Shop.example", f"{SHOP}:443", "http://shop.example:80"),
        *("https://me@shop.example", f"{SHOP}?a", "https://münchen.example", f"{SHOP}:port"),
    ],
)
def test_what_no_browser_sends_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="no origin as browsers send it"):
        origins_of(f"{DEV},{value}")


@budget(max_examples=25)
@given(
    host=st.from_regex(r"[a-z0-9]{1,9}(\.[a-z0-9]{1,9}){0,2}", fullmatch=True),
    port=st.none() | st.integers(1, 65_535),
    scheme=st.sampled_from([("http", 80), ("https", 443)]),
)
def test_origins_are_taken_as_browsers_write_them(
    host: str, port: int | None, scheme: tuple[str, int]
) -> None:
    name, own_port = scheme
    origin = f"{name}://{host}" + (f":{port}" if port else "")
    if port == own_port:
        with pytest.raises(ValidationError):
            origins_of(origin)
    else:
        assert origins_of(origin) == (origin,)
