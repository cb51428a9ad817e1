"""Raw emails over the running service: both ways to send them, and nasty ones."""

import json
from collections.abc import Generator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.features.tickets.schemas import EmailTicket
from tests.service import Service, run_service

CORPUS = sorted((Path(__file__).parents[1] / "corpora" / "emails").glob("*.eml"))
RAW = {"content-type": "message/rfc822"}
QUOTED = "On Mon, 2 Mar 2026 at 10:12, Support <help@shop.example> wrote:\n> How can we help?\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "products.txt").write_text("Inkwell\nInkwell Pro\n", "utf-8")
    intents = [
        {"name": "refund", "description": "wants the money back"},
        {"name": "question", "description": "asks how something works"},
    ]
    (folder / "intents.jsonl").write_text("\n".join(map(json.dumps, intents)), "utf-8")
    with run_service(
        tmp_path_factory.mktemp("service"),
        products=str(folder / "products.txt"),
        intents=str(folder / "intents.jsonl"),
    ) as running:
        yield running


def email() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada Hill <ada@example.com>"
    message["Subject"] = "Charged twice"
    message["Date"] = "Mon, 02 Mar 2026 10:30:00 +0100"
    message["Message-ID"] = "<m-1@example.com>"
    message.set_content(
        "You charged me twice for my inkwell pro, order A-10293, 49.90 EUR.\n"
        f"When do I get my money back?\n\n{QUOTED}\n-- \nAda Hill\n"
    )
    message.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="b.pdf")
    return message


def ticket_of(response: httpx.Response) -> EmailTicket:
    assert response.status_code == 200, response.text
    return EmailTicket.model_validate(
        {**response.json(), "email": {**response.json()["email"], "sender": None}}
    )


def test_an_email_becomes_a_ticket_and_its_parts(service: Service) -> None:
    response = service.client.post("/tickets/email", content=email().as_bytes(), headers=RAW)
    ticket = ticket_of(response)
    assert ticket.product == "Inkwell Pro"
    assert ticket.intent in {"refund", "question", None}
    assert ticket.open_questions == ["When do I get my money back?"]
    found = {entity.type: entity for entity in ticket.entities}
    assert found["order_number"].value == "A-10293"
    assert found["amount"].value == "49.90 EUR"
    parts = response.json()["email"]
    assert parts["from"] == "Ada Hill <ada@example.com>"
    assert parts["date"] == "2026-03-02T10:30:00+01:00"
    assert parts["text"].startswith("You charged me twice")
    assert "How can we help?" in parts["quoted"]
    assert "How can we help?" not in parts["text"]
    assert "Ada Hill" in parts["signature"]
    assert parts["attachments"] == [{"name": "b.pdf", "type": "application/pdf", "size": 10}]
    body = "You charged me twice"
    order = found["order_number"]
    assert order.field == "body"
    assert order.end - order.start == len(order.text)
    assert body in parts["text"]


def test_an_upload_has_options(service: Service) -> None:
    options = {
        "intents": [{"name": "pay_back", "description": "wants the money back"}],
        "custom_fields": {
            "properties": {"order": {"type": "string", "description": "order number"}},
            "required": ["order"],
        },
    }
    response = service.client.post(
        "/tickets/email",
        files={"email": ("mail.eml", email().as_bytes(), "message/rfc822")},
        data={"options": json.dumps(options)},
    )
    ticket = ticket_of(response)
    assert ticket.intent in {"pay_back", None}
    assert ticket.custom_fields is not None
    assert set(ticket.custom_fields) == {"order"}
    assert set(ticket.confidence.custom_fields) == {"order"}
    assert ticket.confidence.intent is not None


@pytest.mark.parametrize(
    ("request_", "status", "code", "pointers"),
    [
        ({"content": b"\x00\x01\x02", "headers": RAW}, 422, "email-unreadable", [""]),
        ({"content": b"", "headers": RAW}, 422, "email-unreadable", [""]),
        ({"content": b"From: a@example.com\r\n\r\n \r\n", "headers": RAW}, 422, "text-empty", [""]),
        (
            {"content": b"From: a@example.com\r\n\r\n" + b"word " * 100_001, "headers": RAW},
            413,
            "text-too-long",
            [""],
        ),
        ({"json": {"text": "x"}}, 415, "unsupported-media-type", None),
        ({"content": b"x"}, 415, "unsupported-media-type", None),
        ({"files": {"mail": b"From: a@example.com\n\nHi"}}, 422, "request-invalid", ["/email"]),
        ({"files": {"email": b"\xff\xfe"}}, 422, "email-unreadable", ["/email"]),
        (
            {
                "files": {"email": b"From: a@example.com\n\nHi"},
                "data": {"options": '{"custom_fields": {"properties": {"a": {"type": "x"}}}}'},
            },
            422,
            "request-invalid",
            ["/options/custom_fields/properties/a/type"],
        ),
        (
            {
                "files": {"email": b"From: a@example.com\n\nHi"},
                "data": {
                    "options": '{"custom_fields": {"properties": {"a": {"type": "string", '
                    '"enum": []}}}}'
                },
            },
            422,
            "schema-unsatisfiable",
            ["/options/custom_fields/properties/a"],
        ),
        (
            {
                "content": b"--x\r\n",
                "headers": {"content-type": "multipart/form-data"},
            },
            400,
            "malformed-form",
            None,
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_input_has_a_code_and_names_its_field(
    service: Service,
    request_: dict[str, Any],
    status: int,
    code: str,
    pointers: list[str] | None,
) -> None:
    response = service.client.post("/tickets/email", **request_)
    assert response.status_code == status, response.text
    problem: dict[str, Any] = response.json()
    errors: list[dict[str, str]] = problem.get("errors") or []
    assert problem["code"] == code
    assert [error["pointer"] for error in errors] == (pointers or [])


def test_a_json_schema_that_cannot_be_satisfied_is_refused(service: Service) -> None:
    response = service.client.post(
        "/tickets",
        json={
            "text": "Hello",
            "custom_fields": {"properties": {"n": {"type": "integer", "minimum": 2, "maximum": 1}}},
        },
    )
    assert response.status_code == 422
    assert response.json()["code"] == "schema-unsatisfiable"
    assert response.json()["errors"][0]["pointer"] == "/custom_fields/properties/n"


def test_no_nasty_email_breaks_the_service(service: Service) -> None:
    """Each gives a ticket, or a problem that says what is wrong with it."""
    statuses: dict[str, int] = {}
    for path in CORPUS:
        response = service.client.post("/tickets/email", content=path.read_bytes(), headers=RAW)
        statuses[path.name] = response.status_code
        if response.status_code != 200:
            assert response.json()["code"] in {"email-unreadable", "text-empty"}, path.name
    assert len(statuses) >= 45
    assert set(statuses.values()) <= {200, 422}
    assert sum(status == 200 for status in statuses.values()) > len(statuses) * 3 / 4
