"""What comes over a socket and is no request, is two at once, or comes too slowly."""

import json
import socket
import time
from collections.abc import Generator
from contextlib import suppress

import httpx
import pytest

from tests.contract.serving import application, serving

SECONDS = 0.5
PATIENCE = 60.0  # of a test, on a busy machine
POST = b"POST /tickets HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
def client() -> Generator[httpx.Client]:
    with serving(application(read_timeout=SECONDS, max_body_bytes=100_000)) as running:
        yield running


def connected(client: httpx.Client) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", client.base_url.port or 0))
    connection.settimeout(PATIENCE)
    return connection


def heard(client: httpx.Client, sent: bytes) -> bytes:
    """All that comes until the service closes the connection; one that it keeps fails the test."""
    with connected(client) as connection:
        connection.sendall(sent)
        received = bytearray()
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
        return bytes(received)


def problem_in(received: bytes) -> tuple[int, str]:
    """Status and code of the one response, which has to be a whole problem."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    problem = json.loads(body)
    assert problem["status"] == int(status.split()[1])
    return problem["status"], problem["code"]


@pytest.mark.parametrize(
    "sent",
    [
        b"Hello?\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n",
        POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\n",
        POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + GET,
        POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n" + GET,
    ],
    ids=["words", "host", "header", "lengths", "coding", "chunk", "length first", "coding first"],
)
def test_what_is_no_http_is_a_problem_and_the_end(client: httpx.Client, sent: bytes) -> None:
    assert problem_in(heard(client, sent)) == (400, "http-invalid")


@pytest.mark.parametrize("part", [POST[:9], POST], ids=["line", "headers"])
def test_a_slow_head_is_a_problem_and_the_end(client: httpx.Client, part: bytes) -> None:
    assert problem_in(heard(client, part)) == (408, "request-timeout")


@pytest.mark.parametrize(
    "part",
    [b"content-length: 20\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"],
    ids=["length", "chunks"],
)
def test_a_slow_body_is_a_problem_and_the_end(client: httpx.Client, part: bytes) -> None:
    assert problem_in(heard(client, POST + part)) == (408, "request-timeout")


def test_who_says_nothing_is_told_nothing(client: httpx.Client) -> None:
    assert heard(client, b"") == b""


@pytest.mark.parametrize("what", ["head", "body"])
def test_drops_put_nothing_off(client: httpx.Client, what: str) -> None:
    begin = POST if what == "head" else POST + b"content-length: 90000\r\n\r\n{"
    drop = b"x: y\r\n" if what == "head" else b" "
    with connected(client) as connection, suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(begin)
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE:
            connection.sendall(drop)
            time.sleep(SECONDS / 10)
        pytest.fail("it stays open")


def test_a_body_that_was_refused_is_not_taken_for_ever(client: httpx.Client) -> None:
    with connected(client) as connection:
        connection.sendall(POST + b"content-length: 99999999\r\n\r\n")
        assert b" 413 " in connection.recv(65_536)
        started = time.monotonic()
        with suppress(ConnectionResetError, BrokenPipeError):
            while time.monotonic() - started < PATIENCE:
                connection.sendall(b"x")
                time.sleep(SECONDS / 10)
            pytest.fail("it stays open")


def test_what_follows_a_refusal_is_no_failure_of_ours(
    client: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    with connected(client) as connection, suppress(ConnectionResetError):
        connection.sendall(POST + b"x-request-timeout: 0\r\ntransfer-encoding: chunked\r\n\r\n")
        assert b" 400 " in connection.recv(65_536)
        connection.sendall(b"zz\r\n")
        while connection.recv(65_536):
            pass
    assert "Traceback" not in capfd.readouterr().err


def test_a_connection_serves_many_requests(client: httpx.Client) -> None:
    with connected(client) as connection:
        for _ in range(3):
            connection.sendall(GET)
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(65_536)
            assert b" 200 " in received
            time.sleep(SECONDS * 1.5)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/translations/languages", "/", "/docs"])
def test_head_is_get_without_its_content(client: httpx.Client, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type"):
        assert head.headers[name] == whole.headers[name]


def test_head_of_what_is_only_posted_is_refused(client: httpx.Client) -> None:
    response = client.head("/tickets")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
