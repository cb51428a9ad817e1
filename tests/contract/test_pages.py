"""Our own pages: they come from here alone, and their headers hold them to that."""

import hashlib
import re
from collections.abc import Generator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from fastapi import FastAPI

from app.web.pages import install_pages
from tests.contract.serving import application, serving

SWAGGER_UI = Path("app/static/docs/swagger-ui")
PAGES = ["/", "/docs"]


@pytest.fixture(scope="module")
def client() -> Generator[httpx.Client]:
    with serving(application()) as running:
        yield running


class Links(HTMLParser):
    """What a page loads, and what in it a strict policy would not run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        link = named.get("src") or (named.get("href") if tag == "link" else None)
        if link and not link.startswith("data:"):
            self.loaded.append(link)
        self._script = tag == "script"
        self.inline += [name for name in named if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" else []

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("page", PAGES)
def test_page_loads_only_what_is_here(client: httpx.Client, page: str) -> None:
    response = client.get(page)
    assert response.headers["content-type"].startswith("text/html")
    links = Links(response.text)
    assert links.inline == []
    assert links.loaded
    for link in links.loaded:
        assert not re.match(r"\w+:|/", link), f"{link} fails behind a proxy's path"
        loaded = client.get(urljoin(page, link))
        assert loaded.status_code == 200, link
        assert re.match(r"text/(javascript|css)|image/svg", loaded.headers["content-type"]), link


@pytest.mark.parametrize("path", [*PAGES, "/static/docs/docs.js"])
def test_headers_hold_a_page_to_its_own_origin(client: httpx.Client, path: str) -> None:
    headers = (client.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert {policy[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    assert policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["img-src"] == "'self' data:"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", [*PAGES, "/static/docs/docs.css", "/healthz", "/nowhere"])
def test_nothing_is_to_be_sniffed(client: httpx.Client, path: str) -> None:
    headers = (client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert ("content-security-policy" in headers) is not path.endswith(("healthz", "nowhere"))


def test_files_are_sent_again_only_when_they_changed(client: httpx.Client) -> None:
    first = client.get("/static/docs/docs.js")
    assert first.headers["cache-control"] == "no-cache"
    again = {"if-none-match": first.headers["etag"]}
    second = client.get("/static/docs/docs.js", headers=again)
    assert second.status_code == 304
    assert second.content == b""


@pytest.mark.parametrize(
    "path",
    [
        *("/static/", "/static/docs", "/static/nothing.js", "/static//etc/hostname"),
        *("/static/../pages.py", "/static/%2e%2e/pages.py", "/redoc", "/docs/"),
    ],
)
def test_there_is_nothing_else(client: httpx.Client, path: str) -> None:
    response = client.get(httpx.URL(str(client.base_url), raw_path=path.encode()))
    assert response.status_code == 404
    assert response.json()["code"] == "not-found"


@pytest.mark.parametrize("path", [*PAGES, "/static/docs/docs.js"])
def test_pages_are_only_read(client: httpx.Client, path: str) -> None:
    assert (client.head(path)).status_code == 200
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_pages_are_no_part_of_the_document() -> None:
    app = FastAPI()
    install_pages(app)
    assert app.openapi()["paths"] == {}


def test_swagger_ui_is_what_was_published() -> None:
    """``make swagger-ui`` writes the sums; the licence travels with the files (Apache-2.0, 4)."""
    lines = (SWAGGER_UI / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} < set(sums)
    for name, expected in sums.items():
        assert hashlib.sha256((SWAGGER_UI / name).read_bytes()).hexdigest() == expected, name
