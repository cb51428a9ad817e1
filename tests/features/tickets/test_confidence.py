"""Confidence: what the model's own token probabilities say of its values, and what follows."""

import json
import re
from typing import Any, cast

import pytest

from app.features.tickets.request import TicketRequest
from app.features.tickets.ticket import Confidences
from app.features.tickets.triage import Desk, triage
from app.gateway import Completion, ModelGateway, Prompt, StopReason, Token, Usage
from app.knowledge.vocabulary import Vocabulary
from tests.features.tickets.support import Body, said

EMAIL = TicketRequest(text="My lamp flickers.")
INTENTS = [
    {"name": "refund", "description": "wants the money back"},
    {"name": "repair", "description": "wants it repaired"},
]
WITH_INTENTS = TicketRequest.model_validate({"text": "My lamp flickers.", "intents": INTENTS})
SURE = {"small": 0.9, "question": 0.1}
Likely = dict[str, dict[str, float]]


class Telling:
    """A gateway whose model tells the probabilities of its tokens."""

    def __init__(self, text: str, likely: Likely) -> None:
        self._completion = Completion(text, StopReason.END, "m", Usage(), tokens(text, likely))

    async def complete(self, prompt: Prompt) -> Completion:
        assert prompt.prefix.alternatives
        return self._completion


def tokens(text: str, likely: Likely) -> tuple[Token, ...]:
    """Words and signs; a token after ``"field": "`` has the alternatives that are likely there.

    Args:
        text: a completion.
        likely: probabilities of tokens by the field whose value they begin.
    """
    made: list[Token] = []
    for piece in re.findall(r'":"?|\w+|\W', text):
        before = "".join(token.text for token in made)
        place = re.search(r'"(\w+)": ?"?$', before)
        told = likely.get(place[1], {}) if place else {}
        told = told if piece in told else {piece: 1.0}
        made.append(Token(piece, told[piece], tuple(told.items())))
    return tuple(made)


async def made_of(
    reading: str, likely: Likely, request: TicketRequest = EMAIL, review_below: float = 0.5
) -> tuple[Confidences, bool]:
    gateway = cast("ModelGateway", Telling(reading, likely))
    ticket, _ = await triage(request, Desk(gateway, Vocabulary(), review_below))
    return cast("Confidences", ticket["confidence"]), cast("bool", ticket["needs_review"])


async def test_it_is_the_probability_of_the_value_among_the_allowed() -> None:
    """What is not allowed there does not count: half of the rest went to what was said."""
    likely: Likely = {
        "situation": {"small": 0.3, "question": 0.1, "something": 0.6},
        "topic": {"broken": 0.2, "software": 0.6},
        "mood": {"calm": 1.0},
    }
    confidence, _ = await made_of(said(), likely)
    assert confidence.urgency == pytest.approx(0.75)
    assert confidence.category == pytest.approx(0.25)
    assert confidence.sentiment == pytest.approx(1)
    assert confidence.intent is None


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}], ids=str)
@pytest.mark.parametrize("frame", ["{}", "Here it is:\n```json\n{}\n```"])
async def test_the_value_s_place_is_found_however_the_json_is_laid_out(
    layout: dict[str, Any], frame: str
) -> None:
    """And whatever its strings hold."""
    decoy = 'They write "situation":"small problem", \\"situation\\": "blocked'
    fields: Body = json.loads(said(issue=decoy, product="situation"))
    reading = frame.replace("{}", json.dumps(fields, **layout))
    confidence, _ = await made_of(reading, {"situation": SURE})
    assert confidence.urgency == pytest.approx(0.9)


async def test_an_intent_competes_with_the_others_and_with_none() -> None:
    likely: Likely = {"intent": {'"': 0.8, "null": 0.2}}
    confidence, _ = await made_of(said(intent="refund"), likely, WITH_INTENTS)
    assert confidence.intent == pytest.approx(0.8)
    likely = {"intent": {'"': 0.4, "null": 0.6}}
    confidence, unsure = await made_of(said(intent=None), likely, WITH_INTENTS, 0.7)
    assert confidence.intent == pytest.approx(0.6)
    assert unsure


@pytest.mark.parametrize(
    "likely",
    [
        {"situation": {"small": 0.6, "question": 0.4}},
        {"topic": {"broken": 0.6, "software": 0.4}},
    ],
    ids=str,
)
async def test_a_human_should_look_below_the_operator_s_threshold(likely: Likely) -> None:
    assert (await made_of(said(), likely, review_below=0.61))[1]
    assert not (await made_of(said(), likely, review_below=0.59))[1]
    assert not (await made_of(said(), likely, review_below=0))[1]


async def test_an_unsure_sentiment_wants_nobody() -> None:
    assert not (await made_of(said(), {"mood": {"calm": 0.1, "unhappy": 0.9}}))[1]


async def test_without_probabilities_there_is_none() -> None:
    class Silent(Telling):
        async def complete(self, prompt: Prompt) -> Completion:
            del prompt
            return Completion(said(), StopReason.END, "m", Usage())

    desk = Desk(cast("ModelGateway", Silent("", {})), Vocabulary(), 1)
    ticket, _ = await triage(EMAIL, desk)
    assert set(dict(cast("Confidences", ticket["confidence"])).values()) == {None}
    assert ticket["needs_review"] is False
