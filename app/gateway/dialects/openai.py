"""OpenAI Chat Completions, as OpenAI, vLLM, llama.cpp and Ollama speak it.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from codecs import getincrementaldecoder
from math import exp
from typing import Annotated, Final

from pydantic import Field, TypeAdapter
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
from app.gateway.prompt import Chunk, Completion, PromptPrefix, StopReason, Token, Usage

_DECODER: Final = getincrementaldecoder("utf-8")


class _Function(TypedDict, total=False):
    arguments: str | None


class _ToolCall(TypedDict, total=False):
    function: _Function | None


class _Message(TypedDict, total=False):
    content: str | None
    refusal: str | None
    tool_calls: list[_ToolCall] | None


class _Likely(TypedDict):
    token: str
    logprob: float | None


class _Chosen(_Likely, total=False):
    bytes: list[Annotated[int, Field(ge=0, le=255)]] | None
    top_logprobs: list[_Likely] | None


class _LogProbs(TypedDict, total=False):
    content: list[_Chosen] | None


class _Choice(TypedDict, total=False):
    """``message`` is of a whole answer, ``delta`` of an event."""

    message: _Message
    delta: _Message | None
    finish_reason: str | None
    logprobs: _LogProbs | None


class _PromptDetails(TypedDict, total=False):
    cached_tokens: int | None


class _Usage(TypedDict, total=False):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _PromptDetails | None


class _Answer(TypedDict, total=False):
    model: str | None
    choices: list[_Choice]
    usage: _Usage | None
    error: object


_ANSWER: Final = TypeAdapter(_Answer)


class _Reader(Reader):
    stop_reasons = {  # noqa: RUF012 # of the base's type, which is for reading
        "stop": StopReason.END,
        "length": StopReason.MAX_TOKENS,
        "content_filter": StopReason.REFUSAL,
        "tool_calls": StopReason.END,
    }

    def __init__(self, model: str, adapter: str | None) -> None:
        super().__init__(model, adapter)
        self._refused = False
        self._usage = Usage()
        self._tokens: list[Token] = []
        self._decoder = _DECODER("replace")

    def read(self, body: bytes) -> Completion:
        choices = self._open(body)
        if not (choices and "message" in choices[0]):
            raise UpstreamFailed("The model server sent a completion without a message.")
        self._take(choices[0], choices[0]["message"])
        return self._end()

    def feed(self, data: bytes) -> Chunk | None:
        if data.strip() == b"[DONE]":
            self._end()
            return None
        choices = self._open(data)
        return self._take(choices[0], choices[0].get("delta")) if choices else None

    def _open(self, data: bytes) -> list[_Choice] | None:
        answer = validated(_ANSWER, data)
        if "error" in answer:
            msg = "The model server reported an error in its answer."
            raise UpstreamUnavailable(msg, upstream_note=names_of(answer["error"]))
        self._model = answer.get("model") or self._model
        if usage := answer.get("usage"):
            self._usage = _usage(usage)
        return answer.get("choices")

    def _take(self, choice: _Choice, message: _Message | None) -> Chunk | None:
        added, tokens = "", ()
        if told := choice.get("logprobs"):
            tokens = tuple(map(self._token, told.get("content") or ()))
            self._tokens += tokens
        if message:
            self._refused = self._refused or bool(message.get("refusal"))
            added = _text(message)
            self._texts.append(added)
        self._stop = choice.get("finish_reason") or self._stop
        return Chunk(added, tokens=tokens) if added or tokens else None

    def _token(self, chosen: _Chosen) -> Token:
        """A token; what else was likely, hundreds for an answer, goes by the name it is told by.

        A character may be spread over several tokens, none of which is text by itself. It belongs
        to the last of them and those before are empty, so that all texts together are the answer's.
        """
        data = chosen.get("bytes")
        return Token(
            chosen["token"] if data is None else self._decoder.decode(bytes(data)),
            _probability(chosen),
            tuple(
                [
                    (likely["token"], _probability(likely))
                    for likely in chosen.get("top_logprobs") or ()
                ]
            ),
        )

    def _end(self) -> Completion:
        text = "".join(self._texts)
        if self._tokens and not text[:1].isspace():
            # llama.cpp cuts off the blank that a tokenizer of SentencePiece's begins texts with.
            first = self._tokens[0]
            likely = tuple([(other.lstrip(), share) for other, share in first.alternatives])
            self._tokens[0] = Token(first.text.lstrip(), first.probability, likely)
        if self._refused:
            self._stop = "content_filter"
        return self._close(text, self._usage, self._tokens)


class OpenAIDialect(Dialect):
    """``POST {base_url}/chat/completions``."""

    path = "/chat/completions"
    modes = (OutputMode.SCHEMA, OutputMode.TOOL, OutputMode.JSON, OutputMode.PROMPT)
    reads = _Reader
    tells_probabilities = True

    def _messages(self, prefix: PromptPrefix, mode: OutputMode) -> list[dict[str, object]]:
        return [{"role": "system", "content": instruction_of(prefix, mode)}, *shots_of(prefix)]

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


def _probability(token: _Likely) -> float:
    logprob = token["logprob"]
    return exp(logprob) if logprob is not None and logprob < 0 else float(logprob is not None)


def _text(message: _Message) -> str:
    if calls := message.get("tool_calls"):
        return "".join((call.get("function") or {}).get("arguments") or "" for call in calls)
    return message.get("content") or ""


def _usage(usage: _Usage) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens", 0),
        output_tokens=usage.get("completion_tokens", 0),
        cached_input_tokens=details.get("cached_tokens") or 0,
    )
