"""Raw emails over the service: both ways to send them, and nasty ones."""

import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.features.tickets.support import Body, operator_s, said, service, shown

CORPUS = sorted((Path(__file__).parents[2] / "corpora" / "emails").glob("*.eml"))
RAW = {"content-type": "message/rfc822"}
QUOTED = "> How can we help?\n"
READING = said(
    product="inkwell pro",
    entities=[{"type": "order_number", "text": "A-10293"}],
    questions=["When do I get my money back?"],
)


def email(*, attached: str = "application/pdf", text: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada Hill <ada@example.com>"
    message["Subject"] = "Charged twice"
    message["Date"] = "Mon, 02 Mar 2026 10:30:00 +0100"
    message["Message-ID"] = "<m-1@example.com>"
    message.set_content(
        text
        or "You charged me twice for my inkwell pro, order A-10293, 49.90 EUR.\n"
        f"When do I get my money back?\n\n{QUOTED}\n-- \nAda Hill\n"
    )
    if attached:
        kind, _, subtype = attached.partition("/")
        message.add_attachment(b"%PDF-1.4 x", maintype=kind, subtype=subtype, filename="b.pdf")
    return message


async def post(**request: Any) -> tuple[int, Body, list[Body]]:
    async with service(lambda _: READING) as (client, asked):
        response = await client.post("/tickets/email", **request)
        return response.status_code, response.json(), asked


async def test_an_email_becomes_a_ticket_and_its_parts(tmp_path: Path) -> None:
    own = operator_s(tmp_path, products="Inkwell\nInkwell Pro\n")
    async with service(lambda _: READING, **own) as (client, _):
        response = await client.post("/tickets/email", content=email().as_bytes(), headers=RAW)
    ticket = response.json()
    assert ticket["product"] == "Inkwell Pro"
    assert ticket["open_questions"] == ["When do I get my money back?"]
    (order,) = ticket["entities"]
    assert (order["type"], order["field"], order["value"]) == ("order_number", "body", "A-10293")
    parts = ticket["email"]
    assert parts["from"] == "Ada Hill <ada@example.com>"
    assert parts["date"] == "2026-03-02T10:30:00+01:00"
    assert parts["message_id"] == "<m-1@example.com>"
    assert parts["text"].startswith("You charged me twice")
    assert parts["quoted"] == "> How can we help?"
    assert "Ada Hill" in parts["signature"]
    assert parts["attachments"] == [{"name": "b.pdf", "type": "application/pdf", "size": 10}]


async def test_the_model_reads_all_of_its_text() -> None:
    _, _, (asked,) = await post(content=email().as_bytes(), headers=RAW)
    seen = shown(asked)
    assert seen.startswith("From: Ada Hill <ada@example.com>\nSubject: Charged twice\nYou charged")
    assert "> How can we help?" in seen
    assert seen.rstrip().endswith("Ada Hill")


async def test_a_long_email_is_read_whole() -> None:
    """Emails over 6,000 bytes lost their middle silently; this one is read off the event loop."""
    text = "\n".join(f"Line {number} of a long email." for number in range(3_000))
    _, ticket, (asked,) = await post(content=email(text=text).as_bytes(), headers=RAW)
    assert all(f"Line {number} of" in shown(asked) for number in range(3_000))
    assert ticket["flags"]["truncated"] is False


@pytest.mark.parametrize("name", ["html_gmail_forward", "html_outlook", "html_blockquotes"])
async def test_a_forwarded_email_reaches_the_model(name: str) -> None:
    (path,) = [path for path in CORPUS if path.stem == name]
    _, ticket, (asked,) = await post(content=path.read_bytes(), headers=RAW)
    parts = ticket["email"]
    for part in (parts["text"], parts["quoted"]):
        assert all(line in shown(asked) for line in part.splitlines())
    assert len(shown(asked)) > 60


@pytest.mark.parametrize(
    ("attached", "text", "review"),
    [
        ("application/pdf", "", True),
        ("message/rfc822", "", True),
        ("text/csv", "", True),
        ("image/png", "", False),
        ("", "", False),
        ("image/png", " ", True),
    ],
)
async def test_words_that_nobody_read_want_a_human(attached: str, text: str, review: bool) -> None:
    message = email(attached="" if attached == "message/rfc822" else attached, text=text)
    if attached == "message/rfc822":
        message.add_attachment(email())
    _, ticket, _ = await post(content=message.as_bytes(), headers=RAW)
    assert ticket["needs_review"] is review


async def test_an_upload_has_options() -> None:
    options = {
        "intents": [{"name": "pay_back", "description": "wants the money back"}],
        "custom_fields": {
            "properties": {"order": {"type": "string", "description": "order number"}},
            "required": ["order"],
        },
    }
    reading = said(intent="pay_back", custom_fields={"order": "A-10293"})
    async with service(lambda _: reading) as (client, _):
        response = await client.post(
            "/tickets/email",
            files={"email": ("mail.eml", email().as_bytes(), "message/rfc822")},
            data={"options": json.dumps(options)},
        )
    ticket = response.json()
    assert ticket["intent"] == "pay_back"
    assert ticket["custom_fields"] == {"order": "A-10293"}


BAD: list[tuple[Body, int, str, list[str]]] = [
    ({"content": b"\x00\x01\x02", "headers": RAW}, 422, "email-unreadable", [""]),
    ({"content": b"", "headers": RAW}, 422, "email-unreadable", [""]),
    ({"content": b"From: a@example.com\r\n\r\n \r\n", "headers": RAW}, 422, "text-empty", [""]),
    (
        {"content": b"From: a@example.com\r\n\r\n" + b"word " * 100_001, "headers": RAW},
        413,
        "text-too-long",
        [""],
    ),
    ({"json": {"text": "x"}}, 415, "unsupported-media-type", []),
    ({"content": b"x"}, 415, "unsupported-media-type", []),
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
                "options": '{"custom_fields": {"properties": {"a": {"type": "string", "enum": []}}}}'
            },
        },
        422,
        "schema-unsatisfiable",
        ["/options/custom_fields/properties/a"],
    ),
    (
        {"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data"}},
        400,
        "malformed-form",
        [],
    ),
]


@pytest.mark.parametrize(
    ("request_", "status", "code", "pointers"), BAD, ids=lambda value: str(value)[:30]
)
async def test_bad_input_has_a_code_and_names_its_field(
    request_: Body, status: int, code: str, pointers: list[str]
) -> None:
    got, problem, asked = await post(**request_)
    assert (got, problem["code"]) == (status, code)
    errors: list[Body] = problem.get("errors") or []
    assert [error["pointer"] for error in errors] == pointers
    assert not asked


async def test_no_nasty_email_breaks_the_service() -> None:
    """Each gives a ticket, or a problem that says what is wrong with it."""
    statuses: dict[str, int] = {}
    async with service(lambda _: said()) as (client, _):
        for path in CORPUS:
            raw = path.read_bytes()
            response = await client.post("/tickets/email", content=raw, headers=RAW)
            statuses[path.name] = response.status_code
            if response.status_code != 200:
                assert response.json()["code"] in {"email-unreadable", "text-empty"}, path.name
    assert len(statuses) >= 45
    assert set(statuses.values()) <= {200, 422}
    assert sum(status == 200 for status in statuses.values()) > len(statuses) * 3 / 4
