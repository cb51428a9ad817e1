"""``Idempotency-Key`` while a request is answered: by two callers, by none any more, by kill -9."""

import json
import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import factory
from app.factory import create_app
from app.records import Replies
from app.web import idempotency
from tests.contract.serving import model_server, serving
from tests.service import run_service
from tests.web.test_idempotency import EMAIL, KEY, POSTS, QUESTION, code, is_replayed, post
from tests.wire.service import good
from tests.wire.upstream import settings

PATIENCE = 60.0


class SlowModel:
    """A good model that may be held up.

    Attributes:
        asked: how often.
        reached: somebody asked it.
        goes_on: it answers; unset to hold it up.
        waits_at: a text at which it is held up.
    """

    def __init__(self) -> None:
        self.asked, self.waits_at = 0, ""
        self.reached, self.goes_on = threading.Event(), threading.Event()

    def __call__(self, messages: list[dict[str, Any]]) -> str | httpx.Response:
        self.asked += 1
        if self.waits_at in str(messages[-1]):
            self.reached.set()
            assert self.goes_on.wait(PATIENCE)
        return good(messages)


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@contextmanager
def served(model: SlowModel, folder: Path) -> Generator[tuple[httpx.Client, ThreadPoolExecutor]]:
    with model_server(model) as upstream:
        app = create_app(settings("openai", base_url=upstream, store=folder / "store.sqlite"))
        with serving(app) as client, ThreadPoolExecutor() as pool:
            client.timeout = PATIENCE  # numpy is loaded with the first document
            yield client, pool


@pytest.mark.parametrize("url", ["/tickets", "/answers/stream"])
def test_of_two_at_once_one_is_answered(model: SlowModel, tmp_path: Path, url: str) -> None:
    with served(model, tmp_path) as (client, pool):
        first = pool.submit(post, client, url)
        assert model.reached.wait(PATIENCE)
        second = post(client, url)
        assert code(second) == (409, "idempotency-key-in-use")
        assert second.headers["retry-after"] == "1"
        model.goes_on.set()
        assert first.result().status_code == 200
        third = post(client, url)
        assert is_replayed(third)
        assert third.content == first.result().content
    assert model.asked == 1


def test_a_key_is_held_as_long_as_it_takes(
    model: SlowModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr(factory, "Replies", partial(Replies, clock=lambda: now[0]))
    monkeypatch.setattr(idempotency, "_RENEW_SECONDS", 0.01)
    renewed = threading.Semaphore(0)
    renew = Replies.renew

    def counted(self: Replies, hold: Any) -> None:
        renew(self, hold)
        renewed.release()

    monkeypatch.setattr(Replies, "renew", counted)
    with served(model, tmp_path) as (client, pool):
        first = pool.submit(post, client)
        assert model.reached.wait(PATIENCE)
        for _ in range(3):
            now[0] += 10
            for _ in range(20):  # one of them began after it was later
                assert renewed.acquire(timeout=PATIENCE)
            assert post(client).status_code == 409
        model.goes_on.set()
        assert first.result().status_code == 200
        assert is_replayed(post(client))


def answered(client: httpx.Client, url: str) -> httpx.Response:
    """The answer, when no earlier request with the key is under way any more."""
    until = time.monotonic() + PATIENCE
    while (response := post(client, url)).status_code == 409 and time.monotonic() < until:
        time.sleep(float(response.headers["retry-after"]))
    return response


def test_what_its_caller_left_may_be_sent_again(
    model: SlowModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "Replies", partial(Replies, clock=lambda: 0.0))  # nothing lapses
    with served(model, tmp_path) as (client, _):
        request = client.build_request("POST", "/tickets", json=EMAIL)
        request.headers["idempotency-key"] = KEY
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        with socket.create_connection((client.base_url.host, client.base_url.port)) as impatient:
            sent = f"POST /tickets HTTP/1.1\r\n{head}\r\n".encode() + request.content
            impatient.sendall(sent)
            assert model.reached.wait(PATIENCE)
        model.goes_on.set()
        response = answered(client, "/tickets")
        assert response.status_code == 200
        assert not is_replayed(response)


@pytest.mark.slow  # 17 s
def test_what_was_sent_outlives_kill_9(model: SlowModel, tmp_path: Path) -> None:
    model.goes_on.set()
    sent: dict[str, bytes] = {}
    with model_server(model) as upstream, ThreadPoolExecutor() as pool:
        start = partial(
            run_service,
            tmp_path,
            model="openai:any",
            base_url=upstream,
            api_key="k",
            store="store.sqlite",
        )
        with start() as service:
            for url in POSTS:
                sent[url] = post(service.client, url, key=url).content
            model.waits_at = str(EMAIL["text"])
            model.reached.clear()
            model.goes_on.clear()
            running = pool.submit(post, service.client)
            assert model.reached.wait(PATIENCE)
            _kill_at_the_end_of_a_stream(service)
            with pytest.raises(httpx.TransportError):
                running.result()
        model.goes_on.set()
        asked = model.asked
        with start() as service:
            for url, content in sent.items():
                replayed = post(service.client, url, key=url)
                assert is_replayed(replayed)
                assert replayed.content == content
            streamed = post(service.client, "/answers/stream", key="killed")
            assert is_replayed(streamed)
            last = streamed.text.removesuffix("\n\n").rpartition("\n\n")[2]
            assert json.loads(last.removeprefix("data: "))["type"] == "completed"
            assert model.asked == asked
            response = answered(service.client, "/tickets")
            assert response.status_code == 200
            assert not is_replayed(response)


def _kill_at_the_end_of_a_stream(service: Any) -> None:
    headers = {"idempotency-key": "killed"}
    with service.client.stream("POST", "/answers/stream", json=QUESTION, headers=headers) as stream:
        for line in stream.iter_lines():
            if '"type":"completed"' in line:
                service.process.kill()
                return
    pytest.fail("the stream did not end")
