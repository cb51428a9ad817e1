"""Who may come in, over real sockets: keys, scopes, hosts, pages of other sites, tenants."""

import json
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import deepl
import httpx
import jsonschema_rs
import pytest
from libretranslatepy import LibreTranslateAPI

from app.callers import Caller, Door
from app.callers.key import make_key
from app.cli import main
from app.errors import KeyMissing
from tests.callers.keyring import bearer, given_out
from tests.contract.serving import application, serving
from tests.wire.service import good

TICKET = {"text": "My lamp does not switch on."}
QUESTION = {
    "question": "How long is the warranty?",
    "documents": [{"title": "Lumo", "text": "The warranty lasts three years."}],
}
SITE = "https://evil.example"
ELSEWHERE = {"x-forwarded-for": "203.0.113.9"}
BORROWED = ("deepl", "libretranslate")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


@contextmanager
def locked(path: Path, **others: Any) -> Generator[tuple[httpx.Client, dict[str, str]]]:
    """A client of a service with keys, and one key each for some scopes."""
    scopes = {"all": None, "tickets": ["tickets"], "admin": ["admin"]}
    keys = {name: given_out(path, name, scopes=given) for name, given in scopes.items()}
    with serving(application(keys=path, **others)) as client:
        yield client, keys


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    return response.status_code, response.json()["code"]


def test_a_key_is_asked_for_before_the_body_is_read(path: Path) -> None:
    with locked(path) as (client, _):
        host, port = client.base_url.host, client.base_url.port or 0
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"POST /tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
            answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 401 ")
    assert 'www-authenticate: Bearer realm="groundwork"\r\n' in answer.lower().replace(
        "bearer", "Bearer"
    )


def test_every_operation_is_for_those_alone_who_may(path: Path) -> None:
    with locked(path) as (client, keys):
        document = client.get("/openapi.json", headers=bearer(keys["all"])).json()
        tried = 0
        for place, operations in document["paths"].items():
            if place in ("/healthz", "/readyz"):
                continue
            for method in operations:
                address = place.replace("{", "").replace("}", "")
                stranger = client.request(method, address, headers=ELSEWHERE)
                needed = 403 if operations[method]["tags"][0] in BORROWED else 401
                assert refusal(stranger) == (needed, "key-missing"), place
                assert str(needed) in operations[method]["responses"]
                others = client.request(method, address, headers=bearer(keys["admin"]))
                if place == "/usage":  # is everybody's own
                    assert others.is_success
                    continue
                assert refusal(others) == (403, "scope-missing"), place
                assert 'error="insufficient_scope"' in others.headers["www-authenticate"]
                tried += 1
        assert tried >= 12
        assert refusal(client.get("/nothing")) == (401, "key-missing")
        for place in ("/nothing", "/answers%0A", "/answers/", "/%61nswers"):
            other = client.post(place, json=QUESTION, headers=bearer(keys["tickets"]))
            assert refusal(other) == (403, "scope-missing"), place
        assert client.post("/tickets", json=TICKET, headers=bearer(keys["tickets"])).is_success
        assert client.post("/answers", json=QUESTION, headers=bearer(keys["all"])).is_success
        said = client.post("/answers", json=QUESTION, headers=bearer(keys["tickets"]))
        assert refusal(said) == (403, "scope-missing")


@pytest.mark.parametrize("sent", ["Bearer", "Bearer gw_a", "Basic YTpi", "Bearer {}x", "{}"])
def test_what_is_no_key_is_refused(path: Path, sent: str) -> None:
    with locked(path) as (client, keys):
        headers = {"authorization": sent.format(keys["all"])}
        refused = client.post("/tickets", json=TICKET, headers=headers)
        assert refusal(refused) == (401, "key-invalid")
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert keys["all"] not in refused.text
        assert client.get("/healthz", headers=headers).is_success


def wait_until(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def test_the_file_is_followed(path: Path) -> None:
    with locked(path) as (client, keys):

        def status(key: str) -> int:
            return client.post("/tickets", json=TICKET, headers=bearer(key)).status_code

        def access() -> dict[str, Any]:
            return client.get("/readyz").json()["access"]

        assert access() == {"keys": 3, "remark": None}
        later = given_out(path, "later")
        wait_until(lambda: status(later) == 200)
        whole = path.read_text("utf-8")
        path.write_text(f"{whole}\nbroken", "utf-8")
        wait_until(lambda: access()["remark"] is not None)
        assert f"line {whole.count(chr(10)) + 2}" in access()["remark"]
        assert status(later) == 200
        kept = [line for line in whole.splitlines() if later[3:15] not in line]
        path.write_text("\n".join(kept), "utf-8")
        wait_until(lambda: status(later) == 401)
        assert access() == {"keys": 3, "remark": None}
        assert status(keys["all"]) == 200


def test_strangers_are_told_whether_it_is_ready_and_nothing_else(path: Path) -> None:
    with locked(path) as (client, keys):
        details = client.get("/readyz").json()  # from the machine itself
        assert details["model"] == "openai:some-model"
        told = [
            client.get("/readyz", headers=headers)
            for headers in (
                ELSEWHERE,
                {"host": "evil.example"},  # whose name leads here now
                {"via": "1.1 proxy"},
                ELSEWHERE | bearer(keys["all"]),
            )
        ]
        assert [(each.status_code, each.json()) for each in told] == [
            (200, {"status": "ready"})
        ] * 4
        seen = client.get("/readyz", headers=ELSEWHERE | bearer(keys["admin"]))
        assert seen.json() == details
        document = client.get("/openapi.json").json()
        schemas = document["components"]["schemas"]
        report = schemas["ReadinessReport"] | {"components": {"schemas": schemas}}
        assert jsonschema_rs.is_valid(report, details)
        assert jsonschema_rs.is_valid(report, told[0].json())
        assert not jsonschema_rs.is_valid(report, {})
        wrong = client.get("/readyz", headers=bearer(make_key()))
        assert refusal(wrong) == (401, "key-invalid")
        assert "401" in document["paths"]["/readyz"]["get"]["responses"]
        assert refusal(client.get("/openapi.json", headers=ELSEWHERE)) == (401, "key-missing")
        assert client.get("/openapi.json", headers=ELSEWHERE | bearer(keys["tickets"])).is_success
        for page in ("/", "/docs", "/static/playground/main.js", "/healthz"):
            assert client.get(page, headers=ELSEWHERE).status_code == 200


def test_clients_of_deepl_and_libretranslate_send_their_keys(path: Path) -> None:
    with locked(path) as (client, keys):
        address = str(client.base_url).rstrip("/")
        libre: Any = LibreTranslateAPI(address, api_key=keys["all"])
        assert libre.translate("Guten Tag.", "de", "en") == "The product is very good."
        assert libre.languages()
        for key, said in {
            keys["all"]: None,
            keys["tickets"]: "The key is for tickets alone.",
            keys["all"][:-1]: "The key is mistyped",
            make_key(): "The key is not known",
            "279a2e9d-83b3-c416-7e2d-f721593e42a0:fx": "The key is mistyped",
        }.items():
            translator: Any = deepl.DeepLClient(key, server_url=address)
            refused = pytest.raises(deepl.AuthorizationException, match=f"message: {said}")
            with refused if said else nullcontext():
                translator.translate_text("Guten Tag.", target_lang="EN-GB")
            translator.close()
            libre = LibreTranslateAPI(address, api_key=key)
            if said:
                with pytest.raises(HTTPError) as caught:
                    libre.translate("Guten Tag.", "de", "en")
                assert caught.value.code == 403
                assert json.loads(caught.value.read())["error"].startswith(said)


def test_clients_of_libretranslate_read_what_refuses_them(path: Path) -> None:
    """Also where it is no key; they read ``error``."""
    with locked(path, limit_requests=1) as (client, keys):
        libre: Any = LibreTranslateAPI(str(client.base_url), api_key=keys["all"])
        libre.translate("Guten Tag.", "de", "en")
        with pytest.raises(HTTPError) as caught:
            libre.translate("Guten Tag.", "de", "en")
        assert caught.value.code == 429
        problem = json.loads(caught.value.read())
        assert problem["error"] == problem["detail"]


def test_libretranslates_key_is_wherever_its_clients_have_it(path: Path) -> None:
    text = {"q": "Guten Tag.", "source": "de", "target": "en"}

    def answers(client: httpx.Client, key: str) -> list[httpx.Response]:
        keyed = text | {"api_key": key}
        return [
            client.post("/translate", json=keyed),
            client.post("/translate", data=keyed),
            client.post("/translate", data=keyed, files={"file": b""}),
            client.post("/translate", json=text, params={"api_key": key}),
            client.post("/detect", json=keyed),
            client.get("/languages", params={"api_key": key}),
        ]

    with locked(path) as (client, keys):
        assert {each.status_code for each in answers(client, keys["all"])} == {200}
        wrong = answers(client, keys["all"][:-1])
        assert {refusal(each) for each in wrong} == {(403, "key-invalid")}
        assert {refusal(each) for each in answers(client, keys["tickets"])} == {
            (403, "scope-missing")
        }
        for body, refused in {
            b"{": (400, "malformed-json"),
            b"\xff": (400, "malformed-json"),
            b"[]": (403, "key-missing"),
            b'{"api_key": 5}': (403, "key-missing"),
            b"": (403, "key-missing"),
        }.items():
            sent = client.post(
                "/translate", content=body, headers={"content-type": "application/json"}
            )
            assert refusal(sent) == refused
        # Elsewhere a key in the address or the body is none.
        sent = client.post("/translations", json=text, params={"api_key": keys["all"]})
        assert refusal(sent) == (401, "key-missing")


def test_tenants_do_not_see_each_others_answers(path: Path) -> None:
    one, same = (given_out(path, name, tenant="acme") for name in ("one", "same"))
    other = given_out(path, "other")
    calls: list[Any] = []

    def counted(messages: list[dict[str, Any]]) -> Any:
        calls.append(messages)
        return good(messages)

    store = path.with_name("store.sqlite")
    with serving(application(counted, keys=path, store=store, cache_ttl=60)) as client:

        def ask(key: str, **more: Any) -> httpx.Response:
            return client.post("/answers", json=QUESTION | more, headers=bearer(key))

        client.post("/tickets", json=TICKET, headers=bearer(one))
        for key, is_hit in ((same, True), (other, False)):
            kept = client.post("/tickets", json=TICKET, headers=bearer(key)).headers["cache-status"]
            assert ("hit" in kept) is is_hit

        made = ask(one, store=True).json()
        named = {"conversation_id": made["conversation_id"]}
        assert ask(same, **named).status_code == 200
        assert refusal(ask(other, **named)) == (404, "conversation-unknown")
        conversation = f"/answers/conversations/{made['conversation_id']}"
        said = f"/answers/{made['message_id']}/feedback"
        up = {"rating": "up"}
        assert refusal(client.post(said, json=up, headers=bearer(other))) == (
            404,
            "message-unknown",
        )
        assert client.post(said, json=up, headers=bearer(same)).status_code == 201
        forgotten = client.delete(conversation, headers=bearer(other))
        assert refusal(forgotten) == (404, "conversation-unknown")
        assert client.delete(conversation, headers=bearer(same)).status_code == 204
    # Without keys nothing of a key's is there.
    with serving(application(store=store)) as client:
        sent = client.post(f"/answers/{made['message_id']}/feedback", json=up)
        assert refusal(sent) == (404, "message-unknown")


# --- Hosts and pages of other sites --------------------------------------------------------------


def test_other_names_are_refused() -> None:
    with serving(application(allowed_hosts=("api.shop.example", "[::1]"))) as client:
        for host in ("api.shop.example", "API.shop.example:8443", "[::1]:80"):
            assert client.post("/tickets", json=TICKET, headers={"host": host}).is_success
        for host in ("evil.example", "api.shop.example.evil.example", "127.0.0.1", ""):
            refused = client.post("/tickets", json=TICKET, headers={"host": host})
            assert refusal(refused) == (421, "host-unknown")
        assert client.get("/healthz").json() == {"status": "ok"}  # as Kubernetes asks: by address
        assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"sec-fetch-site": "cross-site", "origin": SITE, "content-type": FORM}, True),
        ({"sec-fetch-site": "same-site", "origin": SITE, "content-type": "text/plain"}, True),
        ({"origin": SITE, "content-type": FORM}, True),
        ({"origin": SITE}, True),
        ({"origin": "null", "content-type": FORM}, True),
        ({"sec-fetch-site": "same-origin", "origin": SITE, "content-type": FORM}, False),
        ({"sec-fetch-site": "none", "content-type": FORM}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://ours.example"}, False),
        ({"content-type": FORM}, False),
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str], is_refused: bool) -> None:
    with serving(application(cors_origins=("https://ours.example",))) as client:
        sent = client.post("/translate", content=b"q=Hi&target=de", headers=headers)
        assert (sent.status_code == 403) is is_refused
        if is_refused:
            assert refusal(sent) == (403, "cross-site")
        own = {"origin": str(client.base_url).rstrip("/"), "content-type": FORM}
        assert client.post("/translate", content=b"q=Hi&target=de", headers=own).is_success


# --- Open or not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "", "::"])  # noqa: S104
def test_serve_does_not_start_open_by_accident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDWORK_MODEL", "openai:any")
    monkeypatch.setenv("GROUNDWORK_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GROUNDWORK_HOST", host)
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    line = str(ended.value.code)
    assert "\n" not in line
    for name in ("groundwork keys new", "GROUNDWORK_KEYS", "GROUNDWORK_OPEN=true"):
        assert name in line


@pytest.mark.parametrize(
    ("server", "is_let_in"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.7", False),
        ("fd00::7", False),
    ],
)
def test_however_it_was_started_it_is_not_open_by_accident(server: str, is_let_in: bool) -> None:
    scope = {
        "method": "POST",
        "path": "/tickets",
        "client": ("10.0.0.1", 1),
        "server": (server, 80),
    }
    assert Door(is_open=True).admit(scope, {}).may("tickets")
    assert Door().admit(scope | {"path": "/healthz"}, {})
    if is_let_in:
        assert Door().admit(scope, {}) == Caller("10.0.0.1", is_admin=True)
    else:
        with pytest.raises(KeyMissing):
            Door().admit(scope, {})


def test_openness_is_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(application(open=True)) as client:
        access = client.get("/readyz").json()["access"]
    assert access["keys"] is None
    assert "GROUNDWORK_OPEN" in access["remark"]
    assert f"WARNING app.factory [-] {access['remark']}" in capsys.readouterr().err


def test_the_document_has_the_scheme_and_no_one_needs_it(path: Path) -> None:
    with serving(application()) as client:
        document = client.get("/openapi.json").json()
        assert client.post("/tickets", json=TICKET, headers=bearer("any")).is_success
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {} in document["security"]
    assert json.dumps(document).count("key-missing") >= 10
    assert not path.exists()
