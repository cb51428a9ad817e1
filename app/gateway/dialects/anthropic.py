"""Anthropic Messages, as Anthropic and llama.cpp speak it.

Reference: https://docs.anthropic.com/en/api/messages
"""

from typing import NotRequired, cast

from pydantic import TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.errors import UpstreamFailed, UpstreamUnavailable
from app.gateway.dialects.dialect import Dialect, OutputMode, Reader, instruction_of, validated
from app.gateway.prompt import Chunk, Completion, PromptPrefix, StopReason, Usage

_STOP_REASONS = {
    "end_turn": StopReason.END,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.END,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_context_window_exceeded": StopReason.MAX_TOKENS,
    "refusal": StopReason.REFUSAL,
}
_CACHED: dict[str, object] = {"cache_control": {"type": "ephemeral"}}


class _Part(TypedDict):
    """A block of a message, or a delta."""

    type: NotRequired[str]
    text: NotRequired[str]
    input: NotRequired[object]
    partial_json: NotRequired[str]
    stop_reason: NotRequired[str | None]


class _Usage(TypedDict):
    input_tokens: NotRequired[int | None]
    output_tokens: NotRequired[int | None]
    cache_read_input_tokens: NotRequired[int | None]
    cache_creation_input_tokens: NotRequired[int | None]


class _Message(TypedDict):
    model: NotRequired[str]
    content: NotRequired[list[_Part]]
    stop_reason: NotRequired[str | None]
    usage: NotRequired[_Usage]


class _Event(TypedDict):
    type: str
    message: NotRequired[_Message]
    delta: NotRequired[_Part]
    usage: NotRequired[_Usage]
    error: NotRequired[object]


_MESSAGE = TypeAdapter(_Message)
_EVENT = TypeAdapter(_Event)


class AnthropicDialect(Dialect):
    """``POST {base_url}/v1/messages``."""

    name = "anthropic"
    path = "/v1/messages"
    modes = (OutputMode.SCHEMA, OutputMode.TOOL, OutputMode.PROMPT)

    def _messages(self, prefix: PromptPrefix, mode: OutputMode) -> list[dict[str, object]]:
        messages: list[dict[str, object]] = []
        for shot in prefix.shots:
            messages.append({"role": "user", "content": shot.user})
            messages.append({"role": "assistant", "content": shot.assistant})
        if messages:
            last: dict[str, object] = {"type": "text", "text": prefix.shots[-1].assistant}
            messages[-1] = {"role": "assistant", "content": [last | _CACHED]}
        return messages

    def _parameters(
        self, prefix: PromptPrefix, mode: OutputMode, *, stream: bool, probabilities: bool
    ) -> dict[str, object]:
        del probabilities  # the API has none
        system: dict[str, object] = {"type": "text", "text": instruction_of(prefix, mode)}
        if not prefix.shots:
            system |= _CACHED
        body: dict[str, object] = {
            "model": self._model,
            "max_tokens": prefix.max_tokens,
            "system": [system],
        }
        if self._profile.temperature is not None:
            body["temperature"] = self._profile.temperature
        if prefix.stop:
            body["stop_sequences"] = prefix.stop
        if stream:
            body["stream"] = True
        return body | self._output(prefix, mode)

    def _output(self, prefix: PromptPrefix, mode: OutputMode) -> dict[str, object]:
        if prefix.schema is None or mode is OutputMode.PROMPT:
            return {}
        schema = self._schema(prefix.schema)
        if mode is OutputMode.SCHEMA:
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        name = prefix.schema.name
        return {
            "tools": [{"name": name, "input_schema": schema}],
            "tool_choice": {"type": "tool", "name": name},
        }

    def reader(self) -> Reader:
        return _Reader(self._model)


class _Reader(Reader):
    def __init__(self, model: str) -> None:
        super().__init__(model)
        self._stop_reason: str | None = None
        self._usage = _Usage()

    def read(self, body: bytes) -> Completion:
        message = validated(_MESSAGE, body)
        if "content" not in message:
            raise UpstreamFailed("The model server sent a message without content.")
        self._texts.extend(map(_text, message["content"]))
        self._begin(message)
        return self._end(message.get("stop_reason") or "")

    def feed(self, data: bytes) -> Chunk | None:
        event = validated(_EVENT, data)
        delta = event.get("delta", _Part())
        match event["type"]:
            case "content_block_delta":
                added = delta.get("text") or delta.get("partial_json") or ""
                self._texts.append(added)
                return Chunk(added) if added else None
            case "message_start" if "message" in event:
                self._begin(event["message"])
            case "message_delta":
                self._stop_reason = delta.get("stop_reason") or self._stop_reason
                self._usage = _newer(self._usage, event.get("usage", _Usage()))
            case "message_stop":
                if self._stop_reason is None:
                    raise UpstreamFailed("The model server ended its stream without a stop reason.")
                self._end(self._stop_reason)
            case "error":
                msg = "The model server reported an error in its stream."
                raise UpstreamUnavailable(msg, upstream_note=str(event.get("error")))
            case _:
                pass
        return None

    def _begin(self, message: _Message) -> None:
        self._model = message.get("model") or self._model
        self._usage = message.get("usage") or self._usage

    def _end(self, reason: str) -> Completion:
        return self._close(_STOP_REASONS.get(reason, StopReason.UNKNOWN), _usage(self._usage))


def _text(block: _Part) -> str:
    if block.get("type") == "tool_use":
        return to_json(block.get("input")).decode()
    return block.get("text", "") if block.get("type") == "text" else ""


def _newer(known: _Usage, later: _Usage) -> _Usage:
    """``message_delta`` repeats some of the counts, cumulatively, and nulls others."""
    return cast("_Usage", {**known, **{name: count for name, count in later.items() if count}})


def _usage(usage: _Usage) -> Usage:
    """Anthropic counts cached tokens apart from ``input_tokens``; we count them as a part."""
    read = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=(usage.get("input_tokens") or 0) + read + written,
        output_tokens=usage.get("output_tokens") or 0,
        cached_input_tokens=read,
    )
