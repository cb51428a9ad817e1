"""The wire of tickets, and the files beside the code."""

import json
from typing import get_args

import pytest

from app.features.tickets import FEATURE
from app.features.tickets.schemas import Urgency
from tests.features.tickets.support import Body, Says, said, service, ticket_of
from tests.wire.replies import openai_message


def test_examples_are_written_as_their_lines_have_them() -> None:
    """Without what is not asked for, and without a space that costs a token."""
    lines = (FEATURE.folder / "examples.jsonl").read_text("utf-8").splitlines()
    assert 4 <= len(lines) <= 12
    for example, line in zip(FEATURE.examples, lines, strict=True):
        written = FEATURE.written(example)
        compact = json.dumps(json.loads(line)["output"], ensure_ascii=False, separators=(",", ":"))
        assert written == compact


def test_examples_say_only_what_their_emails_have() -> None:
    for email, reading in ((example.input, example.output) for example in FEATURE.examples):
        text = f"{email.subject}\n{email.content}"
        named = [one.text for one in reading.entities]
        for said_ in filter(None, (reading.product, *named, *reading.questions)):
            assert said_ in text
        assert reading.intent in {*email.intent_names, None}
        assert not (
            email.custom_fields and email.custom_fields.findings(reading.custom_fields or {})
        )


def test_examples_cover_what_they_should() -> None:
    outputs = [example.output for example in FEATURE.examples]
    assert {output.urgency for output in outputs} == set(get_args(Urgency))
    assert any(output.product is None for output in outputs)
    assert any(output.injection for output in outputs)
    assert any(output.intent for output in outputs)


def test_cases_of_emails_and_of_details_are_kept() -> None:
    ids = [case.id for case in FEATURE.cases]
    assert len(ids) == len(set(ids)) == 62


MANY = range(30_000)
INTENT = {"name": "refund", "description": "wants the money back"}
BAD: list[tuple[Body, str]] = [
    ({"text": "Hi", "headers": {f"h{n}": 1 for n in MANY}}, "too-many-items"),
    ({"text": "Hi", **{f"f{n}": 1 for n in MANY}}, "too-many-items"),
    (
        {"text": "Hi", "custom_fields": {"properties": {f"f{n}": {} for n in MANY}}},
        "too-many-items",
    ),
    ({"text": "Hi", "intents": [{}] * 30_000}, "too-many-items"),
    ({"text": "Hi", "intents": [INTENT, INTENT]}, "request-invalid"),
    ({"text": "Hi", "subject": "Hi"}, "request-invalid"),
    ({"subject": "Hi"}, "request-invalid"),
    ({"text": "a" * 100_001}, "text-too-long"),
    ({"text": " "}, "text-empty"),
]


@pytest.mark.parametrize(("body", "code"), BAD, ids=lambda value: str(value)[:40])
async def test_bad_requests_have_few_errors(body: Body, code: str) -> None:
    async with service(lambda _: said()) as (client, asked):
        response = await client.post("/tickets", json=body)
    assert response.json()["code"] == code
    assert len(response.json()["errors"]) <= 20
    assert not asked


async def test_the_document_names_what_there_is() -> None:
    async with service(lambda _: said()) as (client, _):
        document = (await client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    names = {"Ticket", "EmailTicket", "TicketRequest", "Entity", "Flags", "Confidences", "Intent"}
    assert names <= set(schemas)
    assert "Reading" not in schemas
    reply = (await ticket_of("Hi"))[0]
    assert set(reply) == set(schemas["Ticket"]["properties"])
    assert set(schemas["Ticket"]["required"]) == set(schemas["Ticket"]["properties"])


async def test_prose_around_the_json_does_no_harm() -> None:
    says: Says = lambda _: openai_message(f"Here it is:\n```json\n{said()}\n```")
    ticket, _ = await ticket_of("My lamp flickers.", says)
    assert ticket["urgency"] == "medium"
