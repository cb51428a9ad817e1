"""Intents and custom fields: asked for after the email, proven, and null where it does not tell."""

import gc
import weakref
from pathlib import Path

from app.features.tickets import FEATURE
from app.features.tickets.schemas import TicketRequest
from tests.features.tickets.support import (
    READING,
    Body,
    Says,
    email_in,
    operator_s,
    said,
    shown,
    ticket_of,
)

INTENTS = [
    {"name": "refund", "description": "wants the money back"},
    {"name": "delivery", "description": "asks where an order is"},
]
FIELDS: Body = {
    "properties": {
        "order": {"type": "string", "description": "order number", "maxLength": 20},
        "seats": {"type": "integer", "minimum": 1, "maximum": 10},
    },
    "required": ["order"],
}
ASKED: Body = {"text": "Where is order A-77? I want 2 seats.", "intents": INTENTS}


def schema_in(body: Body) -> Body:
    schema: Body = body["response_format"]["json_schema"]["schema"]
    return schema


async def test_intent_and_custom_fields_are_asked_for_after_the_email() -> None:
    reading = said(intent="delivery", custom_fields={"order": "A-77", "seats": 2})
    ticket, (asked,) = await ticket_of({**ASKED, "custom_fields": FIELDS}, reading)
    assert ticket["intent"] == "delivery"
    assert ticket["custom_fields"] == {"order": "A-77", "seats": 2}
    assert ticket["needs_review"] is False
    assert shown(asked) == ASKED["text"]
    after = email_in(asked).partition("[/")[2]
    assert "- delivery: asks where an order is" in after
    assert "- order: string; order number" in after
    schema = schema_in(asked)
    assert schema["properties"]["intent"]["anyOf"][0]["enum"] == ["refund", "delivery"]
    assert set(schema["properties"]["custom_fields"]["required"]) == {"order", "seats"}
    assert list(schema["properties"]) == schema["required"]


async def test_nothing_is_asked_besides_where_nobody_asks() -> None:
    ticket, (asked,) = await ticket_of("Hi", said(intent="delivery", custom_fields={"a": 1}))
    assert list(schema_in(asked)["properties"]) == list(READING)
    assert email_in(asked).endswith("]\nWrite the ticket of this email.")
    assert ticket["intent"] is None
    assert ticket["custom_fields"] is None
    assert [check["check"] for check in ticket["checks"]] == ["verbatim"]


async def test_the_operator_s_intents_are_asked_for_where_the_caller_has_none(
    tmp_path: Path,
) -> None:
    own = operator_s(tmp_path, intents={"praise": "is happy and says so"})
    ticket, (asked,) = await ticket_of("Thanks!", said(intent="praise"), **own)
    assert ticket["intent"] == "praise"
    assert "- praise: is happy and says so" in email_in(asked)
    ticket, (asked,) = await ticket_of(ASKED, said(intent="refund"), **own)
    assert ticket["intent"] == "refund"
    assert "praise" not in email_in(asked)


async def test_a_required_field_that_the_email_does_not_tell_wants_a_human() -> None:
    request = {**ASKED, "custom_fields": FIELDS}
    ticket, asked = await ticket_of(request, said(custom_fields={"order": None, "seats": 2}))
    assert len(asked) == 1
    assert ticket["custom_fields"] == {"order": None, "seats": 2}
    assert ticket["needs_review"] is True
    ticket, _ = await ticket_of(request, said(custom_fields={"order": "A-77", "seats": None}))
    assert ticket["needs_review"] is False


async def test_what_does_not_fit_is_put_right_once() -> None:
    wrong = said(intent="praise", custom_fields={"order": "A-77", "seats": 11})
    right = said(intent="refund", custom_fields={"order": "A-77", "seats": 2})
    says: Says = lambda body: right if "earlier answer" in email_in(body) else wrong
    ticket, asked = await ticket_of({**ASKED, "custom_fields": FIELDS}, says)
    assert len(asked) == 2
    assert "intent: it must be null or one of refund, delivery." in email_in(asked[1])
    assert "custom_fields.seats: 11 is greater than the maximum of 10." in email_in(asked[1])
    assert (ticket["intent"], ticket["custom_fields"]["seats"]) == ("refund", 2)
    assert all(check["kept"] for check in ticket["checks"])


async def test_what_still_does_not_fit_is_null_and_reported_and_the_rest_is_kept() -> None:
    wrong = said(intent="praise", custom_fields={"order": "A-77", "seats": 11, "other": 1})
    ticket, asked = await ticket_of({**ASKED, "custom_fields": FIELDS}, wrong)
    assert len(asked) == 2
    assert ticket["intent"] is None
    assert ticket["custom_fields"] == {"order": "A-77", "seats": None}
    (check,) = [check for check in ticket["checks"] if not check["kept"]]
    assert check["unexpected"] == ["intent", "custom_fields.seats"]


def test_tenants_schemas_do_not_grow_memory_and_share_the_prompt() -> None:
    def asking(number: int) -> TicketRequest:
        own = {"properties": {f"f{number}": {"type": "string"}}}
        return TicketRequest.model_validate({"text": "Hi", "custom_fields": own})

    plain = FEATURE.prefix(TicketRequest(text="Hi"))
    made = [weakref.ref(FEATURE.prefix(asking(number))) for number in range(200)]
    assert FEATURE.prefix(asking(199)) is made[199]()
    gc.collect()
    kept = [one for one in (ref() for ref in made) if one]
    assert 0 < len(kept) < 200
    assert sum(4 * len(one.schema.json) for one in kept if one.schema) <= 1_048_576
    for one in kept:
        assert (one.instruction, one.shots) == (plain.instruction, plain.shots)
