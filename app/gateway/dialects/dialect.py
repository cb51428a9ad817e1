"""What a dialect is: it turns a prompt into a request body, and what comes back into values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from pydantic_core import from_json, to_json

from app.gateway.boundary import laid_out
from app.gateway.prompt import Completion, OutputSchema, Prompt, PromptPrefix


class OutputMode(StrEnum):
    """How to ask for JSON, from the strongest guarantee to the weakest."""

    SCHEMA = "schema"
    TOOL = "tool"
    JSON = "json"
    PROMPT = "prompt"


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


class StreamReader(Protocol):
    """Reads one streamed answer."""

    @property
    def completion(self) -> Completion | None:
        """The whole answer, once the stream's terminator has been seen."""
        ...

    def feed(self, data: bytes) -> str:
        """Take one event's data; give the text it adds, often empty.

        Raises:
            UpstreamError: the event reports an error, or cannot be read.
        """
        ...


class Dialect(Protocol):
    """One provider's API."""

    @property
    def identity(self) -> str:
        """Stands for the dialect, the model and its parameters."""
        ...

    @property
    def path(self) -> str:
        """Path of the endpoint below the base URL."""
        ...

    @property
    def modes(self) -> tuple[OutputMode, ...]:
        """Ways of asking for JSON that the API has, strongest first."""
        ...

    def encode(self, prompt: Prompt, mode: OutputMode, *, stream: bool) -> bytes:
        """The request body, in which untrusted text stands between marks that are new each time."""
        ...

    def decode(self, body: bytes) -> Completion:
        """The completion in a response body.

        Raises:
            UpstreamFailed: the body is not what the API promises.
        """
        ...

    def reader(self) -> StreamReader:
        """A reader for one streamed response."""
        ...


class PreparedBodies:
    """Request bodies cut in two around the turns, so that a prefix is serialised only once."""

    __slots__ = ("_halves",)

    _MOST = 512

    def __init__(self) -> None:
        self._halves: dict[tuple[PromptPrefix, OutputMode, bool], tuple[bytes, bytes]] = {}

    def get(
        self, prefix: PromptPrefix, mode: OutputMode, *, stream: bool
    ) -> tuple[bytes, bytes] | None:
        return self._halves.get((prefix, mode, stream))

    def put(
        self,
        prefix: PromptPrefix,
        mode: OutputMode,
        *,
        stream: bool,
        body: Mapping[str, object],
        messages: Iterable[Mapping[str, object]],
    ) -> tuple[bytes, bytes]:
        """Serialise ``body`` with ``messages`` left open for the turns to come."""
        opened = to_json(list(messages)).removesuffix(b"]")
        separator = b"," if len(opened) > 1 else b""
        rest = to_json(body)
        halves = (b'{"messages":' + opened + separator, b"]," + rest.removeprefix(b"{"))
        if len(self._halves) >= self._MOST:
            self._halves.clear()
        self._halves[prefix, mode, stream] = halves
        return halves


def close_body(halves: tuple[bytes, bytes], prompt: Prompt) -> bytes:
    """A whole request body: the prepared halves around the prompt's turns."""
    turns = to_json([{"role": turn.role, "content": laid_out(turn)} for turn in prompt.turns])
    return halves[0] + turns[1:-1] + halves[1]


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
