"""Conversations that are kept, and what is said of answers."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.records import Store
from tests.features.answers.model import BODY, CARE, MARKED, QUESTION, desk, stream

GOOD = "[1] It lasts three years."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


async def post(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post("/answers", json=BODY | body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_conversation_goes_on_where_it_was(path: Path) -> None:
    async with desk(GOOD, "[2] Yes, keep it.", "[1] Three.", store=path) as (client, model):
        first = await post(client, store=True)
        events = await stream(client, question="And?", conversation_id=first["conversation_id"])
        await post(client, question="So?", conversation_id=first["conversation_id"])
        assert events[-1]["result"]["conversation_id"] == first["conversation_id"]
        turns = [(turn["role"], turn["content"]) for turn in model.asked[2][-5:-1]]
    assert [role for role, _ in turns] == ["user", "assistant", "user", "assistant"]
    assert MARKED.fullmatch(turns[0][1])[2] == QUESTION  # type: ignore[index]
    assert turns[1][1] == "It lasts three years."
    assert turns[3][1] == "Yes, keep it."


async def test_a_conversation_is_forgotten_with_what_was_said_of_it(path: Path) -> None:
    async with desk(GOOD, store=path) as (client, _):
        made = await post(client, store=True)
        await client.post(f"/answers/{made['message_id']}/feedback", json={"rating": "up"})
        address = f"/answers/conversations/{made['conversation_id']}"
        assert (await client.delete(address)).status_code == 204
        for response in (
            await client.delete(address),
            await client.post("/answers", json=BODY | {"conversation_id": made["conversation_id"]}),
            await client.post(
                "/answers/stream", json=BODY | {"conversation_id": made["conversation_id"]}
            ),
        ):
            assert (response.status_code, response.json()["code"]) == (404, "conversation-unknown")
    store = Store(path)
    assert store.feedback(9) == []
    store.close()


async def test_a_forgotten_conversation_leaves_no_unanswered_question(path: Path) -> None:
    async with desk("[unknown] I don't know.", "[unknown] No.", store=path) as (client, _):
        made = await post(client, store=True)
        await post(client, question="Is it loud?", conversation_id=made["conversation_id"])
        await client.delete(f"/answers/conversations/{made['conversation_id']}")
    store = Store(path)
    assert store.gaps(9) == []
    store.close()


async def test_nothing_is_kept_of_an_answer_that_is_not_to_be(path: Path) -> None:
    unknown = "[unknown] I don't know."
    async with desk(unknown, GOOD, unknown, unknown, store=path) as (client, _):
        made = await post(client, store=False)
        feedback = await client.post(
            f"/answers/{made['message_id']}/feedback", json={"rating": "up"}
        )
        assert (feedback.status_code, feedback.json()["code"]) == (404, "message-unknown")
        name = (await post(client, store=True))["conversation_id"]
        for ask in (post, stream):
            await ask(client, question="Is it loud?", conversation_id=name, store=False)
    store = Store(path)
    assert store.find(made["message_id"]) is None
    assert store.gaps(9) == []
    assert [turn for role, turn in store.conversation(name) if role == "user"] == [QUESTION]
    store.close()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"store": True}, "/store"), ({"conversation_id": f"conv_{'0' * 32}"}, "/conversation_id")],
)
async def test_nothing_is_kept_where_the_operator_keeps_nothing(
    body: dict[str, Any], pointer: str
) -> None:
    async with desk(GOOD) as (client, model):
        response = await client.post("/answers", json=BODY | body)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "conversations-off")
        assert problem["errors"][0]["pointer"] == pointer
        assert model.asked == []
        gone = await client.delete(f"/answers/conversations/conv_{'0' * 32}")
        assert gone.status_code == 404
        off = await client.post("/answers/msg_1/feedback", json={"rating": "up"})
        assert (off.status_code, off.json()["code"]) == (404, "feedback-off")
        assert "GROUNDWORK_STORE" in off.json()["detail"]


async def test_feedback_is_taken_as_often_as_it_is_given(path: Path) -> None:
    async with desk(GOOD, store=path) as (client, _):
        made = await post(client, documents=[*BODY["documents"], CARE])
        address = f"/answers/{made['message_id']}/feedback"
        first = await client.post(address, json={"rating": "up"})
        assert first.status_code == 201
        assert first.json()["message_id"] == made["message_id"]
        await client.post(address, json={"rating": "down", "comment": "Five, now.\n"})
    store = Store(path)
    second, taken = store.feedback(9)
    store.close()
    assert (taken.id, taken.rating, taken.comment) == (first.json()["id"], "up", None)
    assert (second.rating, second.comment) == ("down", "Five, now.\n")
    assert second.answer == taken.answer
    given = taken.answer
    assert (given.question, given.answer, given.action) == (QUESTION, made["answer"], "answer")
    assert given.passages == made["passages"]
    assert given.citations == made["citations"]
    assert given.conversation_id is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rating": "meh"}, 422, "request-invalid"),
        ({"rating": "up", "stars": 5}, 422, "request-invalid"),
        ({"rating": "up", "comment": "a" * 4_001}, 413, "text-too-long"),
        ({"rating": "up"}, 404, "message-unknown"),
    ],
)
async def test_wrong_feedback_is_refused(
    path: Path, body: dict[str, object], status: int, code: str
) -> None:
    async with desk(GOOD, store=path) as (client, _):
        response = await client.post("/answers/msg_1/feedback", json=body)
        assert (response.status_code, response.json()["code"]) == (status, code)


async def test_questions_that_were_not_answered_are_counted(path: Path) -> None:
    says = ("[unknown] I don't know.", "[unknown] Sorry.", GOOD, "[unknown] No.")
    async with desk(*says, store=path) as (client, _):
        await post(client, question="Is it waterproof?")
        await post(client, question="is it WATERPROOF")
        await post(client)
        await stream(client, question="Is it loud?")
    store = Store(path)
    assert [(gap.question, gap.count) for gap in store.gaps(9)] == [
        ("Is it waterproof?", 2),
        ("Is it loud?", 1),
    ]
    store.close()
