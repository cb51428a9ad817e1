"""The service over a real socket, on the embedded model and on both dialects to a second one.

The model is the smallest: what it says is not judged, only that it is what was promised.
"""

import json
from collections.abc import Generator
from typing import Any

import httpx
import psutil
import pytest

from app.embedded import Engine
from app.features.answers.schemas import Answer
from app.features.tickets.schemas import Ticket
from app.features.wire import Reply
from tests.service import COMMAND, PATIENT, Service, run_service

TICKET: Any = Reply[Ticket]
ANSWER: Any = Reply[Answer]

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
    with run_service(folder, **PATIENT, **settings) as running:
        yield running


on_embedded = pytest.mark.parametrize("service", ["embedded"], indirect=True, scope="module")


@pytest.mark.parametrize(
    "service",
    [
        "embedded",
        pytest.param(
            "openai", marks=pytest.mark.slow
        ),  # without limits of length it goes on and on
        pytest.param("anthropic", marks=pytest.mark.slow),
    ],
    indirect=True,
    scope="module",
)
def test_email_becomes_a_ticket(service: Service, request: pytest.FixtureRequest) -> None:
    response = service.client.post("/tickets", json=EMAIL)
    if "[embedded]" not in request.node.name and response.status_code == 502:
        # Only to the engine are limits of length sent, and llama.cpp's Messages API does not hold
        # a model to a schema at all: this one is small, and does not find the end.
        assert response.json()["code"] in {"model-output-invalid", "model-output-truncated"}
        return
    assert response.status_code == 200, response.text
    ticket = TICKET.model_validate(response.json())
    text = f"{EMAIL['subject']}\n{EMAIL['body']}"
    assert ticket.product is None or ticket.product in text
    assert all(
        EMAIL[entity.field][entity.start : entity.end] == entity.text for entity in ticket.entities
    )
    assert ticket.language == "en"
    assert ticket.usage.output_tokens > 0
    told = (ticket.confidence.urgency, ticket.confidence.category, ticket.confidence.sentiment)
    if "anthropic" in request.node.name:  # its API tells no probabilities
        assert told == (None, None, None)
    else:
        assert all(0 < confidence <= 1 for confidence in told)


def test_answer_cites_word_for_word(service: Service) -> None:
    answer = ANSWER.model_validate(service.post("/answers", QUESTION))
    assert answer.answer
    assert all(cited.quote == QUESTION_TEXT[cited.start : cited.end] for cited in answer.citations)
    assert answer.grounded <= bool(answer.citations)


def test_review_is_translated(service: Service) -> None:
    (made,) = service.post("/translations", REVIEW)["translations"]
    assert made["text"].strip()
    assert made["detected_source_language"] == "DE"
    assert made["problem"] is None


@pytest.mark.parametrize(
    ("path", "body", "first"),
    [("/answers/stream", QUESTION, "started"), ("/translations/stream", REVIEW, "delta")],
    ids=["answers", "translations"],
)
def test_stream_ends_with_what_it_said(
    service: Service, path: str, body: dict[str, object], first: str
) -> None:
    events = service.events(path, body)
    kinds = [event["type"] for event in events]
    assert kinds[0] == first
    assert kinds[-1] == "completed"
    assert {"delta"} <= set(kinds[:-1]) <= {"started", "delta", "citation"}
    result = events[-1]["result"]
    text = "".join(event["text"] for event in events if event["type"] == "delta").strip()
    made = result["answer"] if "answer" in result else result["translations"][0]["text"]
    repaired = result["usage"]["output_tokens"] > 2 * len(text)
    assert made.strip() == text or repaired


@on_embedded
def test_document_that_is_longer_than_the_context_is_searched(service: Service) -> None:
    text = "Nothing to see here, dear reader. " * 2_000 + QUESTION_TEXT
    body = {**QUESTION, "documents": [{"text": text}]}
    with service.client.stream("POST", "/answers/stream", json=body) as response:
        started = json.loads(next(response.iter_lines()).removeprefix("data: "))
    assert any(QUESTION_TEXT in passage["text"] for passage in started["passages"])


@on_embedded
def test_response_tells_request_id_and_times(service: Service) -> None:
    response = service.client.post("/translations", json=REVIEW, headers={"x-request-id": "r-1"})
    assert response.headers["x-request-id"] == "r-1"
    for kind in ("queue", "upstream", "own"):
        assert f"{kind};dur=" in response.headers["server-timing"]


@on_embedded
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


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_kill_leaves_no_child(tmp_path_factory: pytest.TempPathFactory, workers: int) -> None:
    command = (*COMMAND, "--workers", str(workers))
    with run_service(tmp_path_factory.mktemp("service"), command, **PATIENT) as running:
        running.post("/translations", REVIEW)
        children = running.process.children(recursive=True)
        assert len(children) >= workers, "the engine is a child process, and so are workers"
        running.process.kill()
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
