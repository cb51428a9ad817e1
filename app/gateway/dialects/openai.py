"""OpenAI Chat Completions, as OpenAI, vLLM, llama.cpp and Ollama speak it.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from typing import NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from app.errors import UpstreamFailed, UpstreamUnavailable
from app.gateway.dialects.dialect import Dialect, OutputMode, Reader, instruction_of, validated
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
    """``message`` is of a whole answer, ``delta`` of an event."""

    message: NotRequired[_Message]
    delta: NotRequired[_Message | None]
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[LogProbs | None]


class _PromptDetails(TypedDict):
    cached_tokens: NotRequired[int | None]


class _Usage(TypedDict):
    prompt_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]
    prompt_tokens_details: NotRequired[_PromptDetails | None]


class _Answer(TypedDict):
    model: NotRequired[str | None]
    choices: NotRequired[list[_Choice]]
    usage: NotRequired[_Usage | None]
    error: NotRequired[object]


_ANSWER = TypeAdapter(_Answer)


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

    def reader(self) -> Reader:
        return _Reader(self._model)


class _Reader(Reader):
    def __init__(self, model: str) -> None:
        super().__init__(model)
        self._finish: str | None = None
        self._refused = False
        self._usage = Usage()
        self._tokens = TokenReader()

    def read(self, body: bytes) -> Completion:
        choices = self._open(body)
        if not (choices and "message" in choices[0]):
            raise UpstreamFailed("The model server sent a completion without a message.")
        self._take(choices[0], choices[0]["message"])
        return self._end(self._finish or "")

    def feed(self, data: bytes) -> Chunk | None:
        if data.strip() == b"[DONE]":
            if self._finish is None:
                raise UpstreamFailed("The model server ended its stream without a finish reason.")
            self._end(self._finish)
            return None
        choices = self._open(data)
        return self._take(choices[0], choices[0].get("delta")) if choices else None

    def _open(self, data: bytes) -> list[_Choice] | None:
        answer = validated(_ANSWER, data)
        if "error" in answer:
            msg = "The model server reported an error in its answer."
            raise UpstreamUnavailable(msg, upstream_note=str(answer["error"]))
        self._model = answer.get("model") or self._model
        if usage := answer.get("usage"):
            self._usage = _usage(usage)
        return answer.get("choices")

    def _take(self, choice: _Choice, message: _Message | None) -> Chunk | None:
        added, tokens = "", self._tokens.read(choice.get("logprobs"))
        if message:
            self._refused = self._refused or bool(message.get("refusal"))
            added = _text(message)
            self._texts.append(added)
        self._finish = choice.get("finish_reason") or self._finish
        return Chunk(added, tokens=tokens) if added or tokens else None

    def _end(self, finish: str) -> Completion:
        reason = _STOP_REASONS.get(finish, StopReason.UNKNOWN)
        refused = StopReason.REFUSAL if self._refused else reason
        return self._close(refused, self._usage, self._tokens.of("".join(self._texts)))


def _text(message: _Message) -> str:
    calls = message.get("tool_calls") or []
    if calls:
        return "".join((call.get("function") or {}).get("arguments") or "" for call in calls)
    return message.get("content") or ""


def _usage(usage: _Usage) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
        cached_input_tokens=details.get("cached_tokens") or 0,
    )
