"""OpenAI Chat Completions, as OpenAI, vLLM, llama.cpp and Ollama speak it.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from typing import NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.errors import UpstreamFailed, UpstreamUnavailable
from app.gateway.dialects.dialect import (
    Dialect,
    OutputMode,
    StreamReader,
    instruction_of,
)
from app.gateway.dialects.probabilities import LogProbs, TokenReader
from app.gateway.prompt import Chunk, Completion, PromptPrefix, StopReason, Usage

_STOP_REASONS = {
    "stop": StopReason.END,
    "length": StopReason.MAX_TOKENS,
    "content_filter": StopReason.REFUSAL,
    "tool_calls": StopReason.END,
    "function_call": StopReason.END,
}


class _Function(TypedDict):
    arguments: NotRequired[str | None]


class _ToolCall(TypedDict):
    function: NotRequired[_Function | None]


class _Message(TypedDict):
    content: NotRequired[str | None]
    refusal: NotRequired[str | None]
    tool_calls: NotRequired[list[_ToolCall] | None]


class _Choice(TypedDict):
    message: _Message
    finish_reason: str | None
    logprobs: NotRequired[LogProbs | None]


class _PromptDetails(TypedDict):
    cached_tokens: NotRequired[int | None]


class _Usage(TypedDict):
    prompt_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]
    prompt_tokens_details: NotRequired[_PromptDetails | None]


class _Response(TypedDict):
    model: NotRequired[str]
    choices: list[_Choice]
    usage: NotRequired[_Usage | None]


class _ChunkChoice(TypedDict):
    delta: NotRequired[_Message | None]
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[LogProbs | None]


class _Event(TypedDict):
    model: NotRequired[str | None]
    choices: NotRequired[list[_ChunkChoice]]
    usage: NotRequired[_Usage | None]
    error: NotRequired[object]


_RESPONSE = TypeAdapter(_Response)
_EVENT = TypeAdapter(_Event).validator


class OpenAIDialect(Dialect):
    """``POST {base_url}/chat/completions``."""

    name = "openai"
    path = "/chat/completions"
    modes = (OutputMode.SCHEMA, OutputMode.TOOL, OutputMode.JSON, OutputMode.PROMPT)
    tells_probabilities = True

    def _messages(self, prefix: PromptPrefix, mode: OutputMode) -> list[dict[str, object]]:
        messages: list[dict[str, object]] = [
            {"role": "system", "content": instruction_of(prefix, mode)}
        ]
        for shot in prefix.shots:
            messages.append({"role": "user", "content": shot.user})
            messages.append({"role": "assistant", "content": shot.assistant})
        return messages

    def _parameters(
        self, prefix: PromptPrefix, mode: OutputMode, *, stream: bool, probabilities: bool
    ) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self._model,
            self._profile.max_tokens_field: prefix.max_tokens,
        }
        if self._profile.temperature is not None:
            body["temperature"] = self._profile.temperature
        if prefix.stop:
            body["stop"] = prefix.stop
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if probabilities and prefix.alternatives:
            body |= {"logprobs": True, "top_logprobs": prefix.alternatives}
        return body | self._output(prefix, mode)

    def _output(self, prefix: PromptPrefix, mode: OutputMode) -> dict[str, object]:
        if prefix.schema is None or mode is OutputMode.PROMPT:
            return {}
        name = prefix.schema.name
        if mode is OutputMode.JSON:
            return {"response_format": {"type": "json_object"}}
        schema = self._schema(prefix.schema)
        if mode is OutputMode.SCHEMA:
            named = {"name": name, "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        return {
            "tools": [{"type": "function", "function": {"name": name, "parameters": schema}}],
            "tool_choice": {"type": "function", "function": {"name": name}},
        }

    def decode(self, body: bytes) -> Completion:
        try:
            response = _RESPONSE.validate_json(body)
        except ValidationError as error:
            msg = "The model server sent something that is not a chat completion."
            raise UpstreamFailed(msg) from error
        if not response["choices"]:
            msg = "The model server sent a completion without choices."
            raise UpstreamFailed(msg)
        choice = response["choices"][0]
        reason = _STOP_REASONS.get(choice["finish_reason"] or "", StopReason.UNKNOWN)
        if choice["message"].get("refusal"):
            reason = StopReason.REFUSAL
        return Completion(
            text=_text(choice["message"]),
            stop_reason=reason,
            model=response.get("model") or self._model,
            usage=_usage(response.get("usage")),
            tokens=TokenReader().read(choice.get("logprobs")),
        )

    def reader(self) -> StreamReader:
        return _Reader(self._model)


class _Reader:
    def __init__(self, model: str) -> None:
        self._model = model
        self._texts: list[str] = []
        self._finish: str | None = None
        self._refused = False
        self._usage = Usage()
        self._tokens = TokenReader()
        self.completion: Completion | None = None

    def feed(self, data: bytes) -> Chunk | None:
        if data.strip() == b"[DONE]":
            self._close()
            return None
        try:
            event = _EVENT.validate_json(data)
        except ValidationError as error:
            msg = "The model server sent an event that is not a completion chunk."
            raise UpstreamFailed(msg) from error
        if "error" in event:
            msg = "The model server reported an error in its stream."
            raise UpstreamUnavailable(msg, upstream_note=str(event["error"]))
        self._model = event.get("model") or self._model
        if event.get("usage"):
            self._usage = _usage(event.get("usage"))
        choices = event.get("choices")
        return self._read(choices[0]) if choices else None

    def _read(self, choice: _ChunkChoice) -> Chunk | None:
        delta = choice.get("delta") or {}
        self._refused = self._refused or bool(delta.get("refusal"))
        self._finish = choice.get("finish_reason") or self._finish
        added, tokens = _text(delta), self._tokens.read(choice.get("logprobs"))
        self._texts.append(added)
        return Chunk(added, tokens=tokens) if added or tokens else None

    def _close(self) -> None:
        if self._finish is None:
            msg = "The model server ended its stream without a finish reason."
            raise UpstreamFailed(msg)
        reason = _STOP_REASONS.get(self._finish, StopReason.UNKNOWN)
        self.completion = Completion(
            text="".join(self._texts),
            stop_reason=StopReason.REFUSAL if self._refused else reason,
            model=self._model,
            usage=self._usage,
            tokens=tuple(self._tokens.tokens),
        )


def _text(message: _Message) -> str:
    calls = message.get("tool_calls") or []
    if calls:
        return "".join((call.get("function") or {}).get("arguments") or "" for call in calls)
    return message.get("content") or ""


def _usage(usage: _Usage | None) -> Usage:
    if not usage:
        return Usage()
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
        cached_input_tokens=details.get("cached_tokens") or 0,
    )
