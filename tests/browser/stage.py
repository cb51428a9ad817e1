"""The service with a fourth feature, and with answers that a script gives. Run as a program.

What answers look like depends on the model and the documents; here each question tells which of
all that their wire can say comes back.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field
from pydantic_core import to_json

from app.factory import create_app
from app.features import FEATURES, Registered, answers
from app.features.answers.schemas import Document, Message
from app.features.wire import Line, RequestModel, example
from app.settings import Settings
from tests.contract.test_fourth_feature import register, write_folder

TEXT = "Lamps 🔦\n\n🔦 The warranty of the Lumo lamp lasts three years. Keep the receipt.\n\nThe cable: 2 m."
QUOTE = "lasts three years"
CUT = TEXT.index("The cable")  # between the two passages
HUMAN = "Can I talk to a human?"
WHICH = "How long is the warranty?"
ENDLESS = "Tell me everything"
BREAKS = "Where does it break?"


class Question(RequestModel):
    """A question, and what the answer may rest on."""

    model_config = example(
        question="How long does the warranty of the lamp last?",
        documents=[{"title": "Lumo lamp: warranty", "text": TEXT}],
    )

    question: Line
    documents: list[Document] = Field(default_factory=list[Document])
    history: list[Message] = Field(default_factory=list[Message])
    conversation_id: str | None = None
    store: bool = False


def answer(question: Question) -> dict[str, Any]:
    """The whole answer."""
    start = TEXT.index(QUOTE)
    place = {
        "document_id": "document-1",
        "title": "Lumo lamp: warranty",
        "url": "https://help.lumo.example/warranty",
        "heading": "Lumo lamp > Warranty",
    }
    cited = place | {"quote": QUOTE, "start": start, "end": start + len(QUOTE)}
    other = place | {"document_id": "document-2", "title": "Cables", "url": "javascript:alert(1)"}
    whole: dict[str, Any] = {
        "message_id": "msg_1",
        "conversation_id": None,
        "answer": "The warranty lasts three years.",
        "action": "answer",
        "handoff_reason": None,
        "grounded": True,
        "is_uncertain": False,
        "citations": [cited],
        "suggestions": [],
        "passages": [
            place | {"text": TEXT[9:CUT], "start": 9, "end": CUT},
            other | {"text": TEXT[CUT:], "start": CUT, "end": len(TEXT)},
        ],
        "query": question.question,
        "model": "staged",
        "usage": {"input_tokens": 120, "output_tokens": 7, "cached_input_tokens": 100},
    }
    if question.question == HUMAN:
        text = "I am handing you over to a colleague."
        reason = "asked_for_human"
        whole |= {"answer": text, "action": "handoff", "handoff_reason": reason}
        whole |= {"citations": [], "grounded": False}
    if question.question == WHICH:
        text = "Of which lamp?"
        whole |= {"answer": text, "action": "clarify", "citations": [], "grounded": False}
        whole |= {"suggestions": ["How long is the warranty of the Lumo lamp?"]}
        whole |= {"query": "warranty of a lamp"}
    return whole


async def events(question: Question) -> AsyncGenerator[dict[str, Any]]:
    """The same in pieces."""
    whole = answer(question)
    started = {name: whole[name] for name in ("message_id", "conversation_id", "query", "passages")}
    yield {"type": "started", **started}
    while question.question == ENDLESS:
        yield {"type": "delta", "text": "and so on "}
        await asyncio.sleep(0.05)
    for word in whole["answer"].split():
        yield {"type": "delta", "text": f"{word} "}
        if question.question == BREAKS:
            problem = {"title": "Upstream failed", "detail": "It broke.", "code": "upstream-failed"}
            yield {"type": "failed", "problem": problem}
            return
    for citation in whole["citations"]:
        yield {"type": "citation", "citation": citation}
    yield {"type": "completed", "answer": whole}


def staged_answers() -> Registered:
    """``/answers`` out of this file."""
    router = APIRouter(prefix="/answers", tags=["answers"])

    @router.post("", summary="Answer a question from documents")
    async def create_answer(question: Question) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] # the router has it
        return JSONResponse(answer(question))

    @router.post("/stream")
    async def stream_answer(question: Question) -> StreamingResponse:  # pyright: ignore[reportUnusedFunction] # the router has it
        frames = (b"data: " + to_json(event) + b"\n\n" async for event in events(question))
        return StreamingResponse(frames, media_type="text/event-stream")

    @router.post("/{message_id}/feedback", status_code=201)
    async def rate(message_id: str, feedback: dict[str, str]) -> dict[str, str]:  # pyright: ignore[reportUnusedFunction] # the router has it
        return {"message_id": message_id, **feedback}

    return Registered(answers.FEATURE, router)


def main() -> None:
    """Serve at ``GROUNDWORK_PORT``; with the argument ``staged``, answers are those of this file."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder))
        features = [*FEATURES, register(Path(folder))]
        if "staged" in sys.argv:
            others = [one for one in features if one.feature.name != "answers"]
            features = [*others[:1], staged_answers(), *others[1:]]
        app = create_app(settings, features=features)
        uvicorn.run(app, port=settings.port, http="h11", log_config=None, access_log=False)


if __name__ == "__main__":
    main()
