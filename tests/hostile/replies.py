"""Model answers, made from the official SDKs' own response types."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from anthropic.types import (
    Message,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawContentBlockStopEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    TextBlock,
    TextDelta,
    Usage,
)
from anthropic.types.raw_message_delta_event import Delta
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat import ChatCompletionTokenLogprob as TokenLogprob
from openai.types.chat.chat_completion import Choice, ChoiceLogprobs
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta
from openai.types.chat.chat_completion_chunk import ChoiceLogprobs as ChunkLogprobs

Dialect = Literal["openai", "anthropic"]

MODEL = "model-1"
INPUT, OUTPUT = 120, 7  # tokens


def openai_message(text: str, logprobs: Sequence[TokenLogprob] | None = None) -> bytes:
    """A body of ``/chat/completions``."""
    choice = Choice(
        index=0,
        finish_reason="stop",
        message=ChatCompletionMessage(role="assistant", content=text),
        logprobs=None if logprobs is None else ChoiceLogprobs(content=[*logprobs]),
    )
    usage = _openai_usage()
    return (
        ChatCompletion(
            id="c-1",
            object="chat.completion",
            created=1,
            model=MODEL,
            choices=[choice],
            usage=usage,
        )
        .model_dump_json()
        .encode()
    )


def openai_stream(
    pieces: Iterable[str], logprobs: Iterable[Sequence[TokenLogprob]] = ()
) -> tuple[bytes, ...]:
    """The frames of a stream of ``/chat/completions``; ``logprobs`` are those of each piece."""
    told = iter(logprobs)
    choices = [ChunkChoice(index=0, delta=ChoiceDelta(role="assistant", content=""))]
    for piece in pieces:
        of_piece = next(told, None)
        choices.append(
            ChunkChoice(
                index=0,
                delta=ChoiceDelta(content=piece),
                logprobs=None if of_piece is None else ChunkLogprobs(content=[*of_piece]),
            )
        )
    choices.append(ChunkChoice(index=0, delta=ChoiceDelta(), finish_reason="stop"))
    chunks = [*(_openai_chunk([choice]) for choice in choices), _openai_chunk([], _openai_usage())]
    data = [chunk.model_dump_json(exclude_unset=True) for chunk in chunks]
    return tuple(f"data: {item}\n\n".encode() for item in (*data, "[DONE]"))


def _openai_chunk(
    choices: list[ChunkChoice], usage: CompletionUsage | None = None
) -> ChatCompletionChunk:
    return ChatCompletionChunk(
        id="c-1",
        object="chat.completion.chunk",
        created=1,
        model=MODEL,
        choices=choices,
        usage=usage,
    )


def _openai_usage() -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=INPUT, completion_tokens=OUTPUT, total_tokens=INPUT + OUTPUT
    )


def anthropic_message(text: str) -> bytes:
    """A body of ``/v1/messages``."""
    blocks = [TextBlock(type="text", text=text)]
    return _anthropic_message(blocks, "end_turn").model_dump_json().encode()


def anthropic_stream(pieces: Iterable[str]) -> tuple[bytes, ...]:
    """The frames of a stream of ``/v1/messages``."""
    deltas = [TextDelta(type="text_delta", text=piece) for piece in pieces]
    events: list[Any] = [
        RawMessageStartEvent(type="message_start", message=_anthropic_message([], None)),
        RawContentBlockStartEvent(
            type="content_block_start", index=0, content_block=TextBlock(type="text", text="")
        ),
        *(
            RawContentBlockDeltaEvent(type="content_block_delta", index=0, delta=delta)
            for delta in deltas
        ),
        RawContentBlockStopEvent(type="content_block_stop", index=0),
        RawMessageDeltaEvent(
            type="message_delta",
            delta=Delta(stop_reason="end_turn"),
            usage=MessageDeltaUsage(output_tokens=OUTPUT),
        ),
        RawMessageStopEvent(type="message_stop"),
    ]
    return tuple(
        f"event: {event.type}\ndata: {event.model_dump_json()}\n\n".encode() for event in events
    )


def _anthropic_message(blocks: list[TextBlock], stop: Literal["end_turn"] | None) -> Message:
    return Message(
        id="m-1",
        type="message",
        role="assistant",
        model=MODEL,
        content=[*blocks],
        stop_reason=stop,
        usage=Usage(input_tokens=INPUT, output_tokens=OUTPUT),
    )


MESSAGES = {"openai": openai_message, "anthropic": anthropic_message}
STREAMS = {"openai": openai_stream, "anthropic": anthropic_stream}
