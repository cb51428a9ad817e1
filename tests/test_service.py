"""The service over a real socket, on the embedded model and on both dialects to a second one."""

from collections.abc import Generator

import httpx
import psutil
import pytest

from app.embedded import Engine
from app.features.tickets.ticket import Ticket
from tests.service import COMMAND, Service, run_service

QUESTION_TEXT = "The warranty lasts three years."
QUESTION = {
    "question": "How long does the warranty last?",
    "documents": [{"text": QUESTION_TEXT}],
}
EMAIL = {
    "subject": "Charged twice",
    "body": "You charged me twice for Inkwell Pro. I want my money back.",
}
REVIEW = {"text": ["Das Produkt ist sehr gut."], "target_lang": "EN"}


@pytest.fixture(scope="module", params=["embedded", "openai", "anthropic"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Service]:
    settings: dict[str, str] = {}
    if request.param != "embedded":
        engine: Engine = request.getfixturevalue("engine")
        suffix = "/v1" if request.param == "openai" else ""
        settings = {
            "model": f"{request.param}:{engine.name}",
            "base_url": engine.base_url + suffix,
            "api_key": engine.key,
        }
    folder = tmp_path_factory.mktemp("service")
    settings["store"] = str(folder / "store.sqlite")
    with run_service(folder, **settings) as running:
        yield running


def test_email_becomes_a_ticket(service: Service) -> None:
    ticket = Ticket.model_validate(service.post("/tickets", EMAIL))
    assert ticket.product in ("Inkwell Pro", None)  # word for word, or not at all
    assert ticket.language == "en"
    assert ticket.usage.output_tokens > 0


def test_answer_comes_from_the_document(service: Service) -> None:
    answer = service.post("/answers", QUESTION)
    assert "three" in answer["answer"].lower()
    assert answer["is_uncertain"] is False


def test_document_that_is_longer_than_the_context_is_searched(service: Service) -> None:
    text = "Nothing to see here, dear reader. " * 2_000 + QUESTION_TEXT
    answer = service.post("/answers", {**QUESTION, "documents": [{"text": text}]})
    assert any(QUESTION_TEXT in passage["text"] for passage in answer["passages"])


def test_review_is_translated(service: Service) -> None:
    answer = service.post("/translations", REVIEW)
    assert answer["translations"][0]["text"]
    assert answer["translations"][0]["detected_source_language"] == "DE"


@pytest.mark.parametrize(
    ("path", "body", "result"),
    [("/answers/stream", QUESTION, "answer"), ("/translations/stream", REVIEW, "result")],
    ids=["answers", "translations"],
)
def test_stream_gives_the_same_in_pieces(
    service: Service, path: str, body: dict[str, object], result: str
) -> None:
    events = service.events(path, body)
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "completed"
    assert kinds.count("delta") >= 1
    assert set(kinds[:-1]) <= {"started", "delta", "citation"}
    assert (kinds[0] == "started") == (result == "answer")
    whole = service.post(path.removesuffix("/stream"), body)
    text = "".join(event["text"] for event in events if event["type"] == "delta").strip()
    if result == "answer":
        assert text == events[-1]["answer"]["answer"] == whole["answer"]
    else:
        assert text == events[-1]["result"]["translations"][0]["text"]
        assert whole["translations"] == events[-1]["result"]["translations"]


def test_examples_of_the_document_work_when_pasted(service: Service) -> None:
    document = service.client.get("/openapi.json").json()
    message_id = service.post("/answers", QUESTION)["message_id"]
    tried = 0
    for path, methods in document["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if "message/rfc822" in content:
            raw = content["message/rfc822"]["example"]
            response = service.client.post(
                path, content=raw, headers={"content-type": "message/rfc822"}
            )
            assert response.status_code == 200, response.text
            tried += 1
        elif content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            for example in document["components"]["schemas"][name]["examples"]:
                here = path.replace("{message_id}", message_id)
                response = service.client.post(here, json=example)
                assert response.status_code in (200, 201), (path, response.text)
                tried += 1
    assert tried >= 9


def test_response_tells_request_id_and_times(service: Service) -> None:
    response = service.client.post("/answers", json=QUESTION, headers={"x-request-id": "r-1"})
    assert response.headers["x-request-id"] == "r-1"
    for kind in ("queue", "upstream", "own"):
        assert f"{kind};dur=" in response.headers["server-timing"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (httpx.Request("GET", "/nowhere"), 404, "not-found"),
        (httpx.Request("GET", "/tickets"), 405, "method-not-allowed"),
        (httpx.Request("POST", "/tickets", content=b"{"), 415, "unsupported-media-type"),
        (httpx.Request("POST", "/tickets", json={"text": 1}), 422, "request-invalid"),
        (
            httpx.Request("POST", "/tickets", json={"text": "a" * 11_000_000}),
            413,
            "body-too-large",
        ),
        (httpx.Request("POST", "/tickets", json={"text": "a" * 100_001}), 413, "text-too-long"),
        (httpx.Request("POST", "/tickets", json={"text": " "}), 422, "text-empty"),
        (
            httpx.Request(
                "POST",
                "/translations",
                json={"text": ["Das ist gut."], "target_lang": "EN", "context": "7 1 " * 2_500},
            ),
            422,
            "input-too-long",
        ),
    ],
    ids=["path", "method", "media-type", "field", "body", "text", "blank", "context"],
)
def test_bad_requests_are_problems(
    service: Service, request_: httpx.Request, status: int, code: str
) -> None:
    response = service.client.request(
        request_.method, request_.url.path, content=request_.content, headers=request_.headers
    )
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    if status == 405:
        assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_leaves_no_child(tmp_path_factory: pytest.TempPathFactory, workers: int) -> None:
    command = (*COMMAND, "--workers", str(workers))
    with run_service(tmp_path_factory.mktemp("service"), command) as running:
        running.post("/answers", QUESTION)
        children = running.process.children(recursive=True)
        assert len(children) >= workers, "the engine is a child process, and so are workers"
        running.process.kill()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
