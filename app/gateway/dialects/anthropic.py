"""Anthropic Messages, as Anthropic and llama.cpp speak it.

Reference: https://docs.anthropic.com/en/api/messages
"""

from typing import Required, cast

from pydantic import TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from app.errors import UpstreamFailed, UpstreamUnavailable
from app.gateway.dialects.dialect import (
    Dialect,
    OutputMode,
    Reader,
    instruction_of,
    names_of,
    shots_of,
    validated,
)
from app.gateway.prompt import Chunk, Completion, PromptPrefix, StopReason, Usage

_CACHED: dict[str, object] = {"cache_control": {"type": "ephemeral"}}


class _Part(TypedDict, total=False):
    """A block of a message, or a delta."""

    type: str
    text: str
    input: object
    partial_json: str
    stop_reason: str | None


class _Usage(TypedDict, total=False):
    input_tokens: int | None
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_creation_input_tokens: int | None


class _Message(TypedDict, total=False):
    model: str
    content: list[_Part]
    stop_reason: str | None
    usage: _Usage


class _Event(TypedDict, total=False):
    type: Required[str]
    message: _Message
    delta: _Part
    usage: _Usage
    error: object


_MESSAGE = TypeAdapter(_Message)
_EVENT = TypeAdapter(_Event)


class _Reader(Reader):
    stop_reasons = {  # noqa: RUF012 # of the base's type, which is for reading
        "end_turn": StopReason.END,
        "stop_sequence": StopReason.STOP_SEQUENCE,
        "tool_use": StopReason.END,
        "max_tokens": StopReason.MAX_TOKENS,
        "model_context_window_exceeded": StopReason.MAX_TOKENS,
        "refusal": StopReason.REFUSAL,
    }

    def __init__(self, model: str, adapter: str | None) -> None:
        super().__init__(model, adapter)
        self._usage = _Usage()

    def read(self, body: bytes) -> Completion:
        message = validated(_MESSAGE, body)
        if "content" not in message:
            raise UpstreamFailed("The model server sent a message without content.")
        self._texts.extend(map(_text, message["content"]))
        self._begin(message)
        return self._end()

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
                self._stop = delta.get("stop_reason") or self._stop
                self._usage = _newer(self._usage, event.get("usage", _Usage()))
            case "message_stop":
                self._end()
            case "error":
                msg = "The model server reported an error in its stream."
                raise UpstreamUnavailable(msg, upstream_note=names_of(event.get("error")))
            case _:
                pass
        return None

    def _begin(self, message: _Message) -> None:
        self._model = message.get("model") or self._model
        self._usage = message.get("usage") or self._usage
        self._stop = message.get("stop_reason")

    def _end(self) -> Completion:
        return self._close("".join(self._texts), _usage(self._usage))


class AnthropicDialect(Dialect):
    """``POST {base_url}/v1/messages``."""

    path = "/v1/messages"
    modes = (OutputMode.SCHEMA, OutputMode.TOOL, OutputMode.PROMPT)
    reads = _Reader

    def _messages(self, prefix: PromptPrefix, mode: OutputMode) -> list[dict[str, object]]:
        messages = shots_of(prefix)
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
