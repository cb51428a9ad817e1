"""What is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

Json = Sequence[Mapping[str, JsonValue]]
Role = Literal["user", "assistant"]
Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as the caller got it, with when (aware) and what was asked.

    Attributes:
        history: the conversation before it, oldest first; ``role`` and ``content`` each.
        passages: what was found, the best first; ``document_id``, ``title`` and ``text`` at least.
        action: what the caller was told to do; ``unknown`` where the documents do not tell.
        tenant: whose it is; empty where nobody is asked for a key.
    """

    message_id: str
    asked_at: datetime
    conversation_id: str | None
    question: str
    query: str
    history: Json
    passages: Json
    answer: str
    citations: Json
    action: str
    model: str
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said, when (aware, in UTC), and of which answer."""

    id: str
    at: datetime
    rating: Rating
    comment: str | None
    answer: GivenAnswer


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A request that two models answered differently, and when (aware, in UTC).

    Attributes:
        fields: names of what differs.
        request: its body.
        reply: what the caller got.
        candidate_reply: what the candidate would have answered.
    """

    at: datetime
    feature: str
    fields: Sequence[str]
    request: JsonValue
    reply: JsonValue
    candidate_reply: JsonValue


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that was not answered, how often, and when (aware, in UTC)."""

    question: str
    count: int
    first: datetime
    last: datetime
