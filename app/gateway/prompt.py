"""The values that pass between features, gateway and dialects. All are frozen."""

from dataclasses import dataclass, field
from enum import StrEnum
from secrets import token_bytes
from typing import Literal


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Text of strangers: data, never an instruction; sent between random marks (``boundary``)."""

    text: str


Part = str | Untrusted


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; its parts are sent one below the other."""

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

    Made once and kept: two prefixes are the same only if they are one object, which ``key`` stands for
    in the response cache.
    """

    feature: str  # for accounting and fairness
    instruction: str  # the system text
    shots: tuple[Shot, ...] = ()
    schema: OutputSchema | None = None  # None for plain text
    max_tokens: int = 512  # most tokens the model may produce
    stop: tuple[str, ...] = ()  # stop sequences
    alternatives: int = 0  # most likely tokens that are told for each, if possible; 20 at most
    is_callers: bool = False  # whether a caller has a part in the schema
    key: bytes = field(init=False, repr=False, default_factory=lambda: token_bytes(16))


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
    """One token of a completion, and its probability between 0 and 1.

    ``alternatives`` are the most likely texts at this place with their probabilities, most likely
    first; its own among them if it is one of those.
    """

    text: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer of the model.

    Its ``tokens`` are there if the prompt asked for alternatives and the upstream told them; they have
    the white space that it may have cut off the text's ends.
    """

    text: str  # JSON when the prompt had a schema
    stop_reason: StopReason
    model: str  # as the upstream calls it
    usage: Usage
    tokens: tuple[Token, ...] = ()
    adapter: str | None = None  # what it was fine-tuned with; None for the base model alone


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer, and its tokens; the last has the whole completion."""

    text: str
    completion: Completion | None = None
    tokens: tuple[Token, ...] = ()
