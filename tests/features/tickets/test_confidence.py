"""Confidence: what the model's own token probabilities say of its values, and what follows."""

import json
import re
from math import log
from typing import Any

import httpx
import pytest

from tests.features.tickets.support import Body, said, ticket_of
from tests.wire.replies import openai_message

EMAIL = {"text": "My lamp flickers."}
WITH_INTENTS: Body = EMAIL | {
    "intents": [
        {"name": "refund", "description": "wants the money back"},
        {"name": "repair", "description": "wants it repaired"},
    ]
}
SURE = {"medium": 0.9, "low": 0.1}
Likely = dict[str, dict[str, float]]


def telling(text: str, likely: Likely) -> httpx.Response:
    """A completion and its tokens, which are words and signs, as OpenAI and llama.cpp tell them.

    Args:
        text: the completion.
        likely: probabilities of what the values of some fields may begin with, by the field.
    """
    content: list[Body] = []
    written = ""
    for piece in re.findall(r'":"?|\w+|\W', text):
        place = re.search(r'"(\w+)": ?"?$', written)
        told = likely.get(place[1], {}) if place else {}
        told = told if piece in told else {piece: 1.0}
        top = [{"token": token, "logprob": log(share)} for token, share in told.items()]
        content.append({"token": piece, "logprob": log(told[piece]), "top_logprobs": top})
        written += piece
    body = openai_message(text).json()
    body["choices"][0]["logprobs"] = {"content": content}
    return httpx.Response(200, json=body)


async def made_of(
    reading: str, likely: Likely, request: Body = EMAIL, review_below: float = 0.5
) -> tuple[Body, bool]:
    """A ticket's confidence, and whether a human should look."""
    ticket, (asked,) = await ticket_of(
        request, lambda _: telling(reading, likely), review_below=review_below
    )
    assert asked["logprobs"] is True
    return ticket["confidence"], ticket["needs_review"]


async def test_it_is_the_probability_of_the_value_among_the_allowed() -> None:
    """What is not allowed there does not count: half of the rest went to what was said."""
    likely: Likely = {
        "urgency": {"medium": 0.3, "low": 0.1, "something": 0.6},
        "category": {"defect": 0.2, "technical": 0.6},
        "sentiment": {"neutral": 1.0},
    }
    confidence, _ = await made_of(said(), likely)
    assert confidence["urgency"] == pytest.approx(0.75)
    assert confidence["category"] == pytest.approx(0.25)
    assert confidence["sentiment"] == pytest.approx(1)
    assert confidence["intent"] is None


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}], ids=str)
@pytest.mark.parametrize("frame", ["{}", "Here it is:\n```json\n{}\n```"])
async def test_the_value_s_place_is_found_however_the_json_is_laid_out(
    layout: dict[str, Any], frame: str
) -> None:
    """And whatever its strings hold."""
    decoy = 'They write "urgency":"medium", \\"urgency\\": "high'
    fields: Body = json.loads(said(issue=decoy, product="urgency"))
    reading = frame.replace("{}", json.dumps(fields, **layout))
    confidence, _ = await made_of(reading, {"urgency": SURE})
    assert confidence["urgency"] == pytest.approx(0.9)


async def test_an_intent_competes_with_the_others_and_with_none() -> None:
    likely: Likely = {"intent": {'"': 0.8, "null": 0.2}}
    confidence, _ = await made_of(said(intent="refund"), likely, WITH_INTENTS)
    assert confidence["intent"] == pytest.approx(0.8)
    likely = {"intent": {'"': 0.4, "null": 0.6}}
    confidence, unsure = await made_of(said(intent=None), likely, WITH_INTENTS, 0.7)
    assert confidence["intent"] == pytest.approx(0.6)
    assert unsure


@pytest.mark.parametrize(
    "likely",
    [
        {"urgency": {"medium": 0.6, "low": 0.4}},
        {"category": {"defect": 0.6, "technical": 0.4}},
    ],
    ids=str,
)
async def test_a_human_should_look_below_the_operator_s_threshold(likely: Likely) -> None:
    assert (await made_of(said(), likely, review_below=0.61))[1]
    assert not (await made_of(said(), likely, review_below=0.59))[1]
    assert not (await made_of(said(), likely, review_below=0))[1]


async def test_an_unsure_sentiment_wants_nobody() -> None:
    assert not (await made_of(said(), {"sentiment": {"neutral": 0.1, "negative": 0.9}}))[1]


async def test_without_probabilities_there_is_none() -> None:
    ticket, _ = await ticket_of(WITH_INTENTS, said(intent="refund"), review_below=1)
    assert ticket["confidence"] == dict.fromkeys(("urgency", "category", "sentiment", "intent"))
    assert ticket["needs_review"] is False
