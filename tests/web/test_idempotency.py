"""``Idempotency-Key``, over sockets: a repetition gets the first reply, and nothing is done twice."""

import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app import factory
from app.errors import RecordUnwritten
from app.records import Replies, Store
from app.web import idempotency
from tests.contract.serving import application, serving
from tests.wire.replies import openai_message, openai_stream
from tests.wire.service import Says, good

Json = dict[str, Any]

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
SHOP = "https://shop.example"
EMAIL = {"text": "My lamp broke."}
QUESTION = {"question": "How long?", "documents": [{"text": "It lasts three years."}]}
REVIEW = {"text": ["Das Produkt ist sehr gut."], "target_lang": "EN", "source_lang": "DE"}
POSTS: dict[str, Json] = {
    "/tickets": {"json": EMAIL},
    "/answers": {"json": QUESTION},
    "/answers/stream": {"json": QUESTION},
    "/translations": {"json": REVIEW},
    "/translations/stream": {"json": REVIEW},
    "/v2/translate": {"data": {"text": "Das Produkt ist sehr gut.", "target_lang": "EN"}},
}


class Model:
    """Says what a good model says, or whatever else it is told to; counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.says: Says = good

    def __call__(self, messages: Any) -> str | httpx.Response:
        self.asked += 1
        return self.says(messages)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records") / "store.sqlite"


@pytest.fixture(scope="module")
def shared() -> Model:
    return Model()


@pytest.fixture(scope="module")
def address(shared: Model, path: Path) -> Generator[httpx.URL]:
    with serving(application(shared, store=path, cors_origins=SHOP)) as client:
        yield client.base_url


@pytest.fixture
def model(shared: Model) -> Model:
    shared.asked, shared.says = 0, good
    return shared


@pytest.fixture
def client(address: httpx.URL, model: Model) -> Generator[httpx.Client]:
    """A tenant of its own for each test."""
    del model
    tenant = {"authorization": f"Bearer {uuid4()}"}
    with httpx.Client(base_url=address, headers=tenant, timeout=60) as client:
        yield client


def post(
    client: httpx.Client, url: str = "/tickets", key: str | bytes = KEY, **others: Any
) -> httpx.Response:
    headers: Any = {"idempotency-key": key, **others.pop("headers", {})}
    return client.post(url, headers=headers, **(others or POSTS[url]))


def is_replayed(response: httpx.Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("url", POSTS)
def test_a_repetition_gets_the_first_reply(client: httpx.Client, model: Model, url: str) -> None:
    first = post(client, url)
    asked = model.asked
    second = post(client, url)
    assert first.status_code == 200, first.text
    assert (second.status_code, second.content) == (200, first.content)
    assert (is_replayed(first), is_replayed(second)) == (False, True)
    assert asked == model.asked > 0
    own = {"x-request-id", "server-timing", "date", "cache-status", "transfer-encoding"}
    own |= {"idempotency-replayed", "content-length"}  # a stream has no length, its replay has
    for name in first.headers.keys() - own:
        assert second.headers[name] == first.headers[name]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


def test_an_effect_happens_once(client: httpx.Client, path: Path) -> None:
    message = client.post("/answers", json=QUESTION).json()["message_id"]
    given = [post(client, f"/answers/{message}/feedback", json={"rating": "up"}) for _ in range(3)]
    assert [response.status_code for response in given] == [201] * 3
    assert len({response.json()["id"] for response in given}) == 1
    store = Store(path)
    assert len(store.feedback(9)) == 1
    store.close()


def test_without_the_header_nothing_is_kept(client: httpx.Client, model: Model) -> None:
    for _ in range(2):
        assert not is_replayed(client.post("/tickets", json=EMAIL))
    assert model.asked == 2
    assert client.get("/healthz", headers={"idempotency-key": ""}).status_code == 200


def test_another_request_with_the_key_is_refused(client: httpx.Client, model: Model) -> None:
    post(client)
    for url, sent in (
        ("/tickets", {"text": "My lamp broke!"}),
        ("/tickets?a=b", EMAIL),
        ("/answers", EMAIL),
    ):
        assert code(post(client, url, json=sent)) == (422, "idempotency-key-reused")
    assert model.asked == 1
    assert is_replayed(post(client))


def test_tenants_have_their_own_keys(client: httpx.Client, model: Model) -> None:
    tenants: list[Json] = [{}, {"authorization": "Bearer a"}, {"authorization": "Bearer b"}]
    replies = [post(client, headers=tenant) for tenant in (*tenants, *tenants)]
    assert [is_replayed(reply) for reply in replies] == [False] * 3 + [True] * 3
    assert model.asked == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (KEY, KEY.strip('"')),
        (r'"a \"b\\"', r'"a \"b\\"'),
        ("a" * 255, '"' + "a" * 255 + '"'),
        ("sk_test/4+:=@", '"sk_test/4+:=@"'),
    ],
)
def test_keys_are_strings_or_bare(client: httpx.Client, one: str, other: str) -> None:
    assert post(client, key=one).status_code == 200
    assert is_replayed(post(client, key=other))


@pytest.mark.parametrize(
    "key",
    [
        *("", '""', '"', '"a', 'a"', "a b", "a,b", '"a", "b"', '"a";b=1', r'"\a"', '"a\tb"'),
        *(b'"\xc3\xa9"', "a" * 256, '"' + "a" * 256 + '"'),
    ],
)
def test_a_malformed_key_is_refused(client: httpx.Client, model: Model, key: str | bytes) -> None:
    response = post(client, key=key)
    assert code(response) == (400, "header-invalid")
    assert "Idempotency-Key" in response.json()["detail"]
    assert model.asked == 0


def test_two_keys_at_once_are_refused(client: httpx.Client) -> None:
    headers = [("idempotency-key", "a"), ("idempotency-key", "b")]
    assert code(client.post("/tickets", json=EMAIL, headers=headers)) == (400, "header-invalid")


def test_where_nothing_is_kept_a_key_is_refused() -> None:
    with serving(application()) as client:
        assert code(post(client)) == (400, "idempotency-off")
        assert client.post("/tickets", json=EMAIL).status_code == 200


def test_many_at_once_are_answered_once(client: httpx.Client, model: Model) -> None:
    with ThreadPoolExecutor(16) as pool:
        posted = [pool.submit(post, client) for _ in range(32)]
    replies = [each.result() for each in posted]
    assert {reply.status_code for reply in replies} <= {200, 409}
    answered = [reply for reply in replies if reply.status_code == 200]
    assert len({reply.content for reply in answered}) == 1
    assert sum(not is_replayed(reply) for reply in answered) == 1
    assert model.asked == 1


WORKED_ON: dict[str, tuple[str, Callable[[], httpx.Response], int]] = {
    "failed": ("/tickets", lambda: httpx.Response(500), 502),
    "failed for DeepL's clients": ("/v2/translate", lambda: httpx.Response(500), 502),
    "refused": ("/tickets", lambda: openai_message(None, refusal="No."), 422),
    "failed at the start": ("/answers/stream", lambda: httpx.Response(500), 502),
    "failed under way": (
        "/answers/stream",
        lambda: openai_stream(["[1] It lasts three", " years"], finish=None, done=False),
        200,
    ),
}


@pytest.mark.parametrize("name", WORKED_ON)
def test_a_failure_that_was_worked_on_is_kept(
    client: httpx.Client, model: Model, name: str
) -> None:
    url, failure, status = WORKED_ON[name]
    model.says = lambda _: failure()
    first = post(client, url)
    asked, model.says = model.asked, good
    second = post(client, url)
    assert first.status_code == status, first.text
    assert b'"code":"' in first.content
    assert (second.status_code, second.content) == (status, first.content)
    assert is_replayed(second)
    assert model.asked == asked


def refuse_connection() -> httpx.Response:
    raise httpx.ConnectError("refused")


NOT_DONE: dict[str, tuple[Callable[[], httpx.Response], int]] = {
    "limited": (lambda: httpx.Response(429, headers={"retry-after": "90"}), 503),
    "overloaded": (lambda: httpx.Response(503), 503),
    "unreachable": (refuse_connection, 502),
}


@pytest.mark.parametrize("url", ["/tickets", "/answers/stream", "/v2/translate"])
@pytest.mark.parametrize("name", NOT_DONE)
def test_what_did_no_work_is_not_kept(
    client: httpx.Client, model: Model, url: str, name: str
) -> None:
    failure, status = NOT_DONE[name]
    model.says = lambda _: failure()
    assert post(client, url).status_code == status
    model.says = good
    again = post(client, url)
    assert again.status_code == 200
    assert not is_replayed(again)


def test_a_stream_whose_end_is_that_is_not_kept(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: Json = {"json": QUESTION | {"store": True}}
    with monkeypatch.context() as full:
        full.setattr(Store, "remember", _full)
        assert '"code":"record-unwritten"' in post(client, "/answers/stream", **sent).text
    again = post(client, "/answers/stream", **sent)
    assert '"type":"completed"' in again.text
    assert not is_replayed(again)


def test_a_request_that_is_wrong_can_be_put_right(client: httpx.Client) -> None:
    assert post(client, json={"txt": "My lamp broke."}).status_code == 422
    assert post(client).status_code == 200
    assert is_replayed(post(client))


@pytest.mark.parametrize("url", ["/answers", "/answers/stream"])
def test_a_forgotten_conversation_takes_its_replies_along(client: httpx.Client, url: str) -> None:
    sent: Json = {"json": QUESTION | {"store": True}}
    name = re.search(r"conv_[0-9a-f]{32}", post(client, url, **sent).text)
    assert name
    assert is_replayed(post(client, url, **sent))
    assert client.delete(f"/answers/conversations/{name[0]}").status_code == 204
    again = post(client, url, **sent)
    assert again.status_code == 200
    assert not is_replayed(again)


def test_a_reply_lasts_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr(factory, "Replies", partial(Replies, clock=lambda: now[0]))
    with serving(application(store=tmp_path / "store.sqlite")) as client:
        seen: list[bool] = []
        for seconds in (0, 86_399, 2, 1):
            now[0] += seconds
            seen.append(is_replayed(post(client)))
    assert seen == [False, True, False, True]


def test_who_answered_is_told_again(tmp_path: Path) -> None:
    canary: Json = {"candidate": "openai:other", "canary": 1}
    with serving(application(store=tmp_path / "store.sqlite", **canary)) as client:
        first, second = (post(client) for _ in range(2))
        assert is_replayed(second)
        assert first.headers["x-model"] == second.headers["x-model"] == "openai:other"
        figures = client.get("/readyz").json()["candidate"]["canary"]["features"]
        assert figures["tickets"]["candidate"]["requests"] == 1


def test_a_reply_that_is_too_large_is_given_and_not_kept(
    client: httpx.Client, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "LARGEST", 100)
    for url in ("/tickets", "/answers/stream"):
        replies = [post(client, url) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [200, 200]
        assert not any(map(is_replayed, replies))
    assert model.asked == 4


def _full(*_: object) -> None:
    raise RecordUnwritten("It could not be kept.")


def test_a_reply_that_cannot_be_kept_is_given(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Replies, "keep", _full)
    assert post(client).status_code == 200
    monkeypatch.setattr(Replies, "take", _full)
    assert code(post(client)) == (503, "record-unwritten")


def test_pages_of_a_listed_site_may_send_it_and_see_that_it_was_replayed(
    client: httpx.Client,
) -> None:
    asked = {"access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "idempotency-key"
    preflight = client.options("/tickets", headers={"origin": SHOP, **asked})
    assert preflight.headers["access-control-allow-headers"] == "idempotency-key"
    _, replayed = (post(client, headers={"origin": SHOP}) for _ in range(2))
    assert is_replayed(replayed)
    assert "Idempotency-Replayed" in replayed.headers["access-control-expose-headers"].split(", ")
