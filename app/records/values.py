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
    """An answer as the caller got it, with when (aware) and what was asked."""

    message_id: str
    asked_at: datetime
    conversation_id: str | None
    question: str
    query: str
    history: Json  # the conversation before it, oldest first; ``role`` and ``content`` each
    passages: Json  # best first; ``document_id``, ``title`` and ``text`` at least
    answer: str
    citations: Json
    action: str  # what the caller was told to do; ``unknown`` where the documents do not tell
    model: str
    tenant: str = ""  # whose it is; empty where nobody is asked for a key


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
    """A request that two models answered differently, and when (aware, in UTC)."""

    at: datetime
    feature: str
    fields: Sequence[str]  # names of what differs
    request: JsonValue  # its body
    reply: JsonValue  # what the caller got
    candidate_reply: JsonValue


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that was not answered, how often, and when (aware, in UTC)."""

    question: str
    count: int
    first: datetime
    last: datetime
