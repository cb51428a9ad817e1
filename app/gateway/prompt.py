"""The values that pass between features, gateway and dialects. All are frozen."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Literal

from pydantic_core import to_json


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Text of strangers: data, never an instruction.

    It is sent between two lines with a random mark that nobody could foresee (see ``boundary``).
    """

    text: str


Part = str | Untrusted


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: whose it is.
        parts: what it says, sent one below the other.
    """

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    """A few-shot example: what a user would send and what the model should answer."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """JSON Schema (draft 2020-12) that the completion has to satisfy, as JSON text."""

    name: str
    json: str


@dataclass(frozen=True, eq=False)
class PromptPrefix:
    """What every call of a feature has in common, byte for byte, so that prompt caches hit.

    Made once and kept: two prefixes are the same only if they are one object.

    Attributes:
        feature: name of the feature, for accounting and fairness.
        instruction: the system text.
        shots: few-shot examples in order.
        schema: JSON Schema of the output, or None for plain text.
        max_tokens: most tokens the model may produce.
        stop: stop sequences.
        version: the feature's version, for the response cache.
        cacheable: whether the same input may be given a stored answer.
        timeout: seconds that the feature gives a request; None for the operator's limit.
        first_token_timeout: likewise to a stream's first token.
        alternatives: how many of the most likely tokens are told for each token, with their
            probabilities, where the upstream can tell (20 at most, as a rule); 0 for none.
    """

    feature: str
    instruction: str
    shots: tuple[Shot, ...] = ()
    schema: OutputSchema | None = None
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    version: str = "1"
    cacheable: bool = False
    timeout: float | None = None
    first_token_timeout: float | None = None
    alternatives: int = 0

    @cached_property
    def digest(self) -> bytes:
        """Digest (16 bytes) of all that can change an answer."""
        parts = (
            self.feature,
            self.version,
            self.instruction,
            [(shot.user, shot.assistant) for shot in self.shots],
            self.schema and (self.schema.name, self.schema.json),
            self.max_tokens,
            self.stop,
            self.alternatives,
        )
        return blake2b(to_json(parts), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call: the feature's prefix and this request's turns; the last turn is the user's."""

    prefix: PromptPrefix
    turns: tuple[Turn, ...]


class StopReason(StrEnum):
    """Why the model stopped, over all providers."""

    END = "end"
    STOP_SEQUENCE = "stop_sequence"
    MAX_TOKENS = "max_tokens"
    REFUSAL = "refusal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more calls. ``cached_input_tokens`` is a part of ``input_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
        )


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a completion.

    Attributes:
        text: its text.
        probability: the model's, between 0 and 1.
        alternatives: the most likely texts at this place with their probabilities, most likely
            first; its own among them if it is one of those.
    """

    text: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer of the model.

    Attributes:
        text: the text, or the JSON text when the prompt had a schema.
        stop_reason: why it ended.
        model: the model's name as the upstream reports it.
        usage: tokens spent.
        tokens: of the text, if the prompt asked for alternatives and the upstream told them;
            with the white space that it may have cut off the text's ends.
    """

    text: str
    stop_reason: StopReason
    model: str
    usage: Usage
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer; the last one carries the whole completion.

    Attributes:
        text: the piece.
        completion: the whole answer, in the last chunk.
        tokens: of this piece, as in :class:`Completion`.
    """

    text: str
    completion: Completion | None = None
    tokens: tuple[Token, ...] = ()
