"""The same by hand with FastAPI and the OpenAI SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI, OpenAIError
from openai.types import CompletionUsage
from pydantic import ValidationError
from upstream import (
    ANSWERS,
    API_KEY,
    BASE_URL,
    TICKETS,
    TRANSLATIONS,
    answer_messages,
    ticket_messages,
    translation_messages,
)
from wire import (
    Completed,
    Delta,
    Email,
    Question,
    Reading,
    Review,
    Ticket,
    Translation,
    Translations,
    Usage,
    event,
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY) as client:
        yield {"client": client}


app = FastAPI(lifespan=lifespan)


@app.post("/tickets")
async def create_ticket(email: Email, request: Request) -> Ticket:
    client: AsyncOpenAI = request.state.client
    messages: Any = ticket_messages(email.subject, email.body)
    try:
        completion = await client.chat.completions.create(messages=messages, **TICKETS)
        reading = Reading.model_validate_json(completion.choices[0].message.content or "")
    except (OpenAIError, ValidationError) as error:
        raise HTTPException(502, "The model failed.") from error
    return Ticket(**reading.model_dump(), model=completion.model, usage=usage_of(completion.usage))


@app.post("/translations")
async def create_translations(review: Review, request: Request) -> Translations:
    client: AsyncOpenAI = request.state.client
    (text,) = review.text
    messages: Any = translation_messages(text)
    try:
        completion = await client.chat.completions.create(messages=messages, **TRANSLATIONS)
    except OpenAIError as error:
        raise HTTPException(502, "The model failed.") from error
    translated = Translation(text=(completion.choices[0].message.content or "").strip())
    return Translations(
        translations=[translated],
        model=completion.model,
        usage=usage_of(completion.usage),
    )


@app.post("/answers/stream")
async def stream_answer(question: Question, request: Request) -> StreamingResponse:
    client: AsyncOpenAI = request.state.client
    return StreamingResponse(events(question, client), media_type="text/event-stream")


async def events(question: Question, client: AsyncOpenAI) -> AsyncIterator[str]:
    texts: list[str] = []
    usage: Usage | None = None
    messages: Any = answer_messages(question.question)
    async with await client.chat.completions.create(messages=messages, **ANSWERS) as chunks:
        async for chunk in chunks:
            if chunk.usage:
                usage = usage_of(chunk.usage)
            for choice in chunk.choices:
                if text := choice.delta.content:
                    texts.append(text)
                    yield event(Delta(text=text))
    yield event(Completed(answer="".join(texts), usage=usage))


def usage_of(usage: CompletionUsage | None) -> Usage:
    if usage is None:
        return Usage(input_tokens=0, output_tokens=0)
    return Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
