"""Model answers, made from the official SDKs' own response types."""

from collections.abc import Iterable
from typing import Any, cast

import httpx
from anthropic.types import (
    Message,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawContentBlockStopEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    StopReason,
    TextBlock,
    TextDelta,
    ToolUseBlock,
    Usage,
)
from anthropic.types.raw_message_delta_event import Delta
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta
from openai.types.completion_usage import PromptTokensDetails

from tests.wire.upstream import events

MODEL = "model-1"
TICKET = (
    '{"issue":"Broken lamp","product":null,"urgency":"medium",'
    '"category":"defect","sentiment":"neutral","summary":"The lamp broke.",'
    '"injection":null}'
)


def said_answer(text: str, *sources: int, action: str = "answer") -> str:
    """What a model writes for an answer: its sources, or what is to be done, and the text."""
    header = "".join(f"[{source}]" for source in sources) if action == "answer" else f"[{action}]"
    return f"{header} {text}"


INPUT, OUTPUT, CACHED = 120, 7, 100  # tokens, as we count them


def openai_message(
    text: str | None, finish: str = "stop", refusal: str | None = None
) -> httpx.Response:
    completion = ChatCompletion(
        id="c-1",
        object="chat.completion",
        created=1,
        model=MODEL,
        choices=[
            Choice(
                index=0,
                finish_reason=cast("Any", finish),
                message=ChatCompletionMessage(role="assistant", content=text, refusal=refusal),
            )
        ],
        usage=_openai_usage(),
    )
    return httpx.Response(200, text=completion.model_dump_json())


def openai_stream(
    pieces: Iterable[str], finish: str | None = "stop", *, done: bool = True
) -> httpx.Response:
    deltas = [ChoiceDelta(role="assistant", content=""), *(ChoiceDelta(content=p) for p in pieces)]
    chunks = [_openai_chunk(ChunkChoice(index=0, delta=delta)) for delta in deltas]
    if finish:
        last = ChunkChoice(index=0, delta=ChoiceDelta(), finish_reason=cast("Any", finish))
        chunks.append(_openai_chunk(last))
    chunks.append(_openai_chunk(usage=_openai_usage()))
    data = [chunk.model_dump_json(exclude_unset=True) for chunk in chunks]
    return events(*data, *(["[DONE]"] if done else []))


def _openai_chunk(*choices: ChunkChoice, usage: CompletionUsage | None = None) -> Any:
    return ChatCompletionChunk(
        id="c-1",
        object="chat.completion.chunk",
        created=1,
        model=MODEL,
        choices=list(choices),
        usage=usage,
    )


def _openai_usage() -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=INPUT,
        completion_tokens=OUTPUT,
        total_tokens=INPUT + OUTPUT,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=CACHED),
    )


def anthropic_message(
    text: str | None, stop: str = "end_turn", tool: dict[str, object] | None = None
) -> httpx.Response:
    blocks: list[Any] = [TextBlock(type="text", text=text)] if text is not None else []
    if tool is not None:
        blocks.append(ToolUseBlock(type="tool_use", id="t-1", name="tickets", input=tool))
    message = _anthropic_message(blocks, stop, output_tokens=OUTPUT)
    return httpx.Response(200, text=message.model_dump_json())


def anthropic_stream(
    pieces: Iterable[str], stop: str | None = "end_turn", *, done: bool = True
) -> httpx.Response:
    parts: list[Any] = [
        RawMessageStartEvent(
            type="message_start", message=_anthropic_message([], None, output_tokens=1)
        ),
        RawContentBlockStartEvent(
            type="content_block_start", index=0, content_block=TextBlock(type="text", text="")
        ),
        *(
            RawContentBlockDeltaEvent(
                type="content_block_delta", index=0, delta=TextDelta(type="text_delta", text=piece)
            )
            for piece in pieces
        ),
        RawContentBlockStopEvent(type="content_block_stop", index=0),
    ]
    if stop:
        parts.append(
            RawMessageDeltaEvent(
                type="message_delta",
                delta=Delta(stop_reason=cast("StopReason", stop)),
                usage=MessageDeltaUsage(output_tokens=OUTPUT),
            )
        )
    if done:
        parts.append(RawMessageStopEvent(type="message_stop"))
    return events('{"type":"ping"}', *(part.model_dump_json() for part in parts), named=True)


def _anthropic_message(blocks: list[Any], stop: str | None, output_tokens: int) -> Message:
    return Message(
        id="m-1",
        type="message",
        role="assistant",
        model=MODEL,
        content=blocks,
        stop_reason=cast("StopReason | None", stop),
        usage=Usage(
            input_tokens=INPUT - CACHED,
            output_tokens=output_tokens,
            cache_read_input_tokens=CACHED,
        ),
    )


MESSAGES = {"openai": openai_message, "anthropic": anthropic_message}
STREAMS = {"openai": openai_stream, "anthropic": anthropic_stream}
