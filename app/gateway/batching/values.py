"""What is told of a model server's batches. All values are frozen."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.errors import GroundworkError
from app.gateway.prompt import Completion, Prompt


class BatchStatus(StrEnum):
    """Of a batch that has ended, the results can be had; a cancelled one ends, too."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is; a server may count nothing before its end.

    Attributes:
        status: whether there are results.
        total: requests in it.
        succeeded: those that were answered.
        failed: those that were not, and will not be.
        problem: why the server did not take it, if so; one that is ``retryable`` may pass.
    """

    status: BatchStatus
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    problem: GroundworkError | None = None


class Ending(StrEnum):
    """Whether a prompt got a response, or why it did not."""

    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # with the whole batch


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a prompt; it can be kept until whoever knows the prompt reads it.

    Attributes:
        ending: whether it got a response.
        status: of that, the HTTP status that a live call would have got.
        body: of that.
    """

    ending: Ending
    status: int = 0
    body: str = ""


Answer = Completion | Outcome
"""What is kept of a prompt: what was asked live, or became of it in a batch."""

ANSWER: Final = TypeAdapter[Answer](Answer)
"""Reads and writes answers as JSON."""


def key_of(prompt: Prompt) -> str:
    """Names a prompt by its value, the same in every process: 32 hexadecimal digits."""
    data = to_json((prompt.turns, prompt.prefix), exclude={1: {"key"}})
    return blake2b(data, digest_size=16).hexdigest()
