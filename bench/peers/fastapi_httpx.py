"""What one would write by hand: FastAPI, Pydantic and one shared httpx client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx  # noqa: TID251 # it is what is measured
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
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

URL = f"{BASE_URL}/chat/completions"


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        yield {"client": client}


app = FastAPI(lifespan=lifespan)


@app.post("/tickets")
async def create_ticket(email: Email, request: Request) -> Ticket:
    client: httpx.AsyncClient = request.state.client
    body = {**TICKETS, "messages": ticket_messages(email.subject, email.body)}
    try:
        completion = await complete(client, body)
        content = completion["choices"][0]["message"]["content"]
        reading = Reading.model_validate_json(content)
    except (httpx.HTTPError, ValidationError) as error:
        raise HTTPException(502, "The model failed.") from error
    return Ticket(
        **reading.model_dump(), model=completion["model"], usage=usage_of(completion["usage"])
    )


@app.post("/translations")
async def create_translations(review: Review, request: Request) -> Translations:
    client: httpx.AsyncClient = request.state.client
    (text,) = review.text
    try:
        completion = await complete(
            client, {**TRANSLATIONS, "messages": translation_messages(text)}
        )
    except httpx.HTTPError as error:
        raise HTTPException(502, "The model failed.") from error
    translated = Translation(text=completion["choices"][0]["message"]["content"].strip())
    return Translations(
        translations=[translated],
        model=completion["model"],
        usage=usage_of(completion["usage"]),
    )


async def complete(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(URL, json=body)
    response.raise_for_status()
    completion: dict[str, Any] = response.json()
    return completion


@app.post("/answers/stream")
async def stream_answer(question: Question, request: Request) -> StreamingResponse:
    client: httpx.AsyncClient = request.state.client
    return StreamingResponse(events(question, client), media_type="text/event-stream")


async def events(question: Question, client: httpx.AsyncClient) -> AsyncIterator[str]:
    body = {**ANSWERS, "messages": answer_messages(question.question)}
    texts: list[str] = []
    usage: Usage | None = None
    async with client.stream("POST", URL, json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            chunk = json.loads(line[6:])
            if chunk.get("usage"):
                usage = usage_of(chunk["usage"])
            for choice in chunk["choices"]:
                if text := choice["delta"].get("content"):
                    texts.append(text)
                    yield event(Delta(text=text))
    yield event(Completed(answer="".join(texts), usage=usage))


def usage_of(usage: dict[str, Any]) -> Usage:
    return Usage(input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])
