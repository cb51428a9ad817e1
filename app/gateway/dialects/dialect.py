"""What a dialect is: it turns a prompt into a request body, and what comes back into values."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from app.errors import UpstreamFailed
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


class OutputMode(StrEnum):
    """How to ask for JSON, from the strongest guarantee to the weakest."""

    SCHEMA = "schema"
    TOOL = "tool"
    JSON = "json"
    PROMPT = "prompt"


class Way(NamedTuple):
    """How a prompt is put to an upstream.

    Attributes:
        mode: how it is asked for JSON, if the prompt has a schema.
        probabilities: it is asked for those of the tokens, if the prompt wants alternatives.
    """

    mode: OutputMode
    probabilities: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What is particular about one upstream, as data.

    Attributes:
        max_tokens_field: name of the limit in the OpenAI dialect.
        temperature: sampling temperature; None for the server's own choice.
        keeps_length_limits: whether ``maxLength`` and its like are understood in a schema.
    """

    max_tokens_field: str = "max_tokens"
    temperature: float | None = None
    keeps_length_limits: bool = False


class Reader(ABC):
    """Reads one answer.

    Attributes:
        completion: the whole answer, once it or the stream's terminator has been seen.
    """

    def __init__(self, model: str) -> None:
        self.completion: Completion | None = None
        self._model = model
        self._texts: list[str] = []

    @abstractmethod
    def read(self, body: bytes) -> Completion:
        """Take a response's body, which is a whole answer.

        Raises:
            UpstreamError: it is not, or reports an error.
        """

    @abstractmethod
    def feed(self, data: bytes) -> Chunk | None:
        """Take the data of a stream's next event; give what it adds, often nothing.

        Raises:
            UpstreamError: the event reports an error, or cannot be read.
        """

    def _close(self, reason: StopReason, usage: Usage, tokens: Iterable[Token] = ()) -> Completion:
        text = "".join(self._texts)
        self.completion = Completion(text, reason, self._model, usage, tuple(tokens))
        return self.completion


def validated(kind: TypeAdapter[T], data: bytes) -> T:
    """What is in JSON text.

    Raises:
        UpstreamFailed: it is of another kind.
    """
    try:
        value: T = kind.validator.validate_json(data)
    except ValidationError as error:
        msg = "The model server sent something that its API does not have."
        raise UpstreamFailed(msg) from error
    return value


class Dialect(ABC):
    """One provider's API; pure translation, no input or output.

    Attributes:
        name: the provider's.
        path: of the endpoint, below the base URL.
        modes: ways of asking for JSON that the API has, strongest first.
        tells_probabilities: whether it can be asked for token probabilities.
        identity: stands for the dialect, the model and its parameters.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    modes: ClassVar[tuple[OutputMode, ...]]
    tells_probabilities: ClassVar[bool] = False

    _MOST = 512  # prefixes whose parts of the body are kept

    def __init__(self, model: str, profile: Profile) -> None:
        self.identity = f"{self.name} {model} {profile}"
        self._model = model
        self._profile = profile
        self._halves: dict[tuple[PromptPrefix, OutputMode, bool, bool], tuple[bytes, bytes]] = {}

    def encode(
        self, prompt: Prompt, mode: OutputMode, *, stream: bool, probabilities: bool = False
    ) -> bytes:
        """The request body, in which untrusted text stands between marks that are new each time.

        What all prompts of a prefix have in common is serialised only once.

        Args:
            prompt: the prompt.
            mode: how to ask for JSON, if the prompt has a schema.
            stream: whether to ask for a stream.
            probabilities: whether to ask for those of the tokens, if the prompt wants them.
        """
        key = (prompt.prefix, mode, stream, probabilities)
        before, after = self._halves.get(key) or self._cut(*key)
        turns = to_json([{"role": turn.role, "content": laid_out(turn)} for turn in prompt.turns])
        return before + turns[1:-1] + after

    def _cut(
        self, prefix: PromptPrefix, mode: OutputMode, stream: bool, probabilities: bool, /
    ) -> tuple[bytes, bytes]:
        """The body before and after the turns."""
        messages = to_json(self._messages(prefix, mode)).removesuffix(b"]")
        body = self._parameters(prefix, mode, stream=stream, probabilities=probabilities)
        separator = b"," if len(messages) > 1 else b""
        halves = b'{"messages":' + messages + separator, b"]," + to_json(body).removeprefix(b"{")
        if len(self._halves) >= self._MOST:
            self._halves.clear()
        self._halves[prefix, mode, stream, probabilities] = halves
        return halves

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

    @abstractmethod
    def reader(self) -> Reader:
        """A reader for one response."""


_LENGTH_LIMITS = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern", "format"}
)


def schema_of(schema: OutputSchema, *, keeps_length_limits: bool) -> object:
    """The JSON Schema as a provider takes it: without titles, limits only where understood."""
    dropped = {"title"} if keeps_length_limits else {"title", *_LENGTH_LIMITS}
    return _without(from_json(schema.json), dropped)


def _without(node: object, keywords: set[str]) -> object:
    if isinstance(node, list):
        return [_without(item, keywords) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    kept: dict[str, object] = {}
    for key, value in cast("dict[str, object]", node).items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            named = cast("dict[str, object]", value)
            kept[key] = {name: _without(item, keywords) for name, item in named.items()}
        elif key not in keywords:
            kept[key] = _without(value, keywords)
    return kept


def instruction_of(prefix: PromptPrefix, mode: OutputMode) -> str:
    """The system text, with the schema in words where the API does not take it."""
    if prefix.schema is None or mode in (OutputMode.SCHEMA, OutputMode.TOOL):
        return prefix.instruction
    schema = to_json(schema_of(prefix.schema, keeps_length_limits=True)).decode()
    return f"{prefix.instruction}\n\nAnswer with JSON that fits this JSON Schema: {schema}"
