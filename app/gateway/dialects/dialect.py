"""What a dialect is: it turns a prompt into a request body, and what comes back into values."""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple, TypeVar, cast

from cachetools import LRUCache, cached
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from app.errors import UpstreamFailed
from app.gateway.adapter import BASE, Adapter
from app.gateway.boundary import laid_out
from app.gateway.prompt import (
    Chunk,
    Completion,
    OutputSchema,
    Prompt,
    PromptPrefix,
    StopReason,
    Token,
    Usage,
)

T = TypeVar("T")

log = logging.getLogger(__name__)

_MOST_KEPT: Final = 8_388_608  # bytes of prefixes, as parts of the body, that are kept
_NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)


class OutputMode(StrEnum):
    """How to ask for JSON, from the strongest guarantee to the weakest."""

    SCHEMA = "schema"
    TOOL = "tool"
    JSON = "json"
    PROMPT = "prompt"


class Way(NamedTuple):
    """How a prompt is put to an upstream."""

    mode: OutputMode  # if the prompt has a schema
    probabilities: bool = False  # are asked for, of the tokens, if the prompt wants alternatives


@dataclass(frozen=True, slots=True)
class Profile:
    """What is particular about one upstream, as data."""

    max_tokens_field: str = "max_tokens"  # in the OpenAI dialect
    temperature: float | None = None  # None for the server's own choice
    keeps_length_limits: bool = False  # whether it understands ``maxLength`` and its like
    adapters: Mapping[str, Adapter] = field(default_factory=dict[str, Adapter])  # by feature
    base: Adapter = BASE  # what all other features are asked by


class Reader(ABC):
    """Reads one answer."""

    stop_reasons: ClassVar[Mapping[str, StopReason]]  # by the provider's names

    def __init__(self, model: str, adapter: str | None) -> None:
        self.completion: Completion | None = None  # once it, or the stream's end, has been seen
        self._model = model
        self._adapter = adapter
        self._texts: list[str] = []
        self._stop: str | None = None

    @abstractmethod
    def read(self, body: bytes) -> Completion:
        """Take a response's body; ``UpstreamError`` if it is no answer, or reports an error."""

    @abstractmethod
    def feed(self, data: bytes) -> Chunk | None:
        """Take the data of a stream's next event, likewise; give what it adds, often nothing."""

    def _close(self, text: str, usage: Usage, tokens: Iterable[Token] = ()) -> Completion:
        if self._stop is None:
            raise UpstreamFailed("The model server's answer ends without a reason.")
        reason = self.stop_reasons.get(self._stop, StopReason.UNKNOWN)
        self.completion = Completion(
            text, reason, self._model, usage, tuple(tokens), adapter=self._adapter
        )
        return self.completion


def validated(kind: TypeAdapter[T], data: bytes) -> T:
    """What is in JSON text; ``UpstreamFailed`` if it is of another kind."""
    try:
        value: T = kind.validator.validate_json(data)
    except ValidationError as error:
        msg = "The model server sent something that its API does not have."
        raise UpstreamFailed(msg) from error
    return value


def names_of(error: object) -> str:
    """What a provider calls an error, its ``type`` and ``code``.

    Its words may quote the customer's: they are logged for debugging alone.
    """
    log.debug("The model server says: %.500s", error)
    known = cast("dict[str, object]", error) if isinstance(error, dict) else {}
    said = (str(known[name]) for name in ("type", "code") if known.get(name) is not None)
    return " ".join(name for name in said if _NAME.fullmatch(name))


def _size(parts: tuple[bytes, bytes]) -> int:
    return 3 * sum(map(len, parts))  # with the prefix that they are made of, as text


class Dialect(ABC):
    """One provider's API; pure translation, no input or output."""

    path: ClassVar[str]  # of the endpoint, below the base URL
    modes: ClassVar[tuple[OutputMode, ...]]  # that the API has, strongest first
    reads: ClassVar[type[Reader]]
    tells_probabilities: ClassVar[bool] = False

    def __init__(self, model: str, profile: Profile) -> None:
        self._model = model
        self._profile = profile
        kept = LRUCache[Any, tuple[bytes, bytes]](_MOST_KEPT, _size)
        self._around = cached(kept)(self._made_around)

    def encode(
        self, prompt: Prompt, mode: OutputMode, probabilities: bool = False, *, stream: bool
    ) -> bytes:
        """The request body; what all prompts of a prefix have in common is serialised only once."""
        before, after = self._around(prompt.prefix, mode, stream, probabilities)
        turns = to_json([{"role": turn.role, "content": laid_out(turn)} for turn in prompt.turns])
        return before + turns[1:-1] + after

    def _made_around(
        self, prefix: PromptPrefix, mode: OutputMode, stream: bool, probabilities: bool, /
    ) -> tuple[bytes, bytes]:
        """The body before and after the turns."""
        adapter = self._adapter_of(prefix)
        prefix = adapter.adapted(prefix)
        messages = to_json(self._messages(prefix, mode)).removesuffix(b"]")
        body = self._parameters(prefix, mode, stream=stream, probabilities=probabilities)
        body |= adapter.asked
        separator = b"," if len(messages) > 1 else b""
        return b'{"messages":' + messages + separator, b"]," + to_json(body).removeprefix(b"{")

    def _adapter_of(self, prefix: PromptPrefix) -> Adapter:
        base = self._profile.base
        adapter = self._profile.adapters.get(prefix.feature, base)
        return adapter if adapter.is_general or not prefix.is_callers else base

    def model_of(self, prefix: PromptPrefix) -> str:
        """The name of the model that prompts of a prefix go to."""
        return str(self._adapter_of(prefix).asked.get("model", self._model))

    def _schema(self, schema: OutputSchema) -> object:
        return schema_of(schema, keeps_length_limits=self._profile.keeps_length_limits)

    @abstractmethod
    def _messages(self, prefix: PromptPrefix, mode: OutputMode) -> list[dict[str, object]]:
        """The messages before the turns."""

    @abstractmethod
    def _parameters(
        self, prefix: PromptPrefix, mode: OutputMode, *, stream: bool, probabilities: bool
    ) -> dict[str, object]:
        """All of the body but the messages."""

    def reader(self, prefix: PromptPrefix) -> Reader:
        """A reader for one response."""
        return self.reads(self._model, self._adapter_of(prefix).name)


_ANNOTATIONS: Final = frozenset({"title", "default"})
_LENGTH_LIMITS: Final = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern", "format"}
)


def schema_of(schema: OutputSchema, *, keeps_length_limits: bool) -> object:
    """The JSON Schema as a provider takes it: limits only where understood, every object closed.

    OpenAI and Anthropic refuse an object that may have members besides its properties, OpenAI
    also one that may lack some, and a reference that says more than where to
    (https://platform.openai.com/docs/guides/structured-outputs).
    """
    dropped = _ANNOTATIONS if keeps_length_limits else _ANNOTATIONS | _LENGTH_LIMITS
    return _taken(from_json(schema.json), dropped)


def _taken(node: object, dropped: frozenset[str]) -> object:
    if isinstance(node, list):
        return [_taken(item, dropped) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    kept: dict[str, object] = {}
    for key, value in cast("dict[str, object]", node).items():
        if key in ("properties", "$defs"):
            named = cast("dict[str, object]", value)
            kept[key] = {name: _taken(item, dropped) for name, item in named.items()}
        elif key not in dropped:
            kept[key] = _taken(value, dropped)
    if properties := cast("dict[str, object]", kept.get("properties")):
        kept |= {"additionalProperties": False, "required": list(properties)}
    if len(kept) > 1 and "$ref" in kept:
        kept["anyOf"] = [{"$ref": kept.pop("$ref")}]
    return kept


def instruction_of(prefix: PromptPrefix, mode: OutputMode) -> str:
    """The system text, with the schema in words where the API does not take it."""
    if prefix.schema is None or mode in (OutputMode.SCHEMA, OutputMode.TOOL):
        return prefix.instruction
    schema = to_json(schema_of(prefix.schema, keeps_length_limits=True)).decode()
    return f"{prefix.instruction}\n\nAnswer with JSON that fits this JSON Schema: {schema}"


def shots_of(prefix: PromptPrefix) -> list[dict[str, object]]:
    """The few-shot examples as messages."""
    pairs = [(("user", shot.user), ("assistant", shot.assistant)) for shot in prefix.shots]
    return [{"role": role, "content": said} for pair in pairs for role, said in pair]
