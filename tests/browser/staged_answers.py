"""``/answers`` by a script: each question tells which of all that their wire can say comes back."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.errors import UpstreamFailed
from app.features import answers
from app.features.answers import Feedback, FeedbackRequest
from app.features.answers.answering import COMPLETED
from app.features.answers.schemas import (
    Answer,
    AnswerCitation,
    AnswerRequest,
    AnswerStarted,
    Citation,
    FoundPassage,
)
from app.features.wire import CheckResult, Delta, Reply, TokenUsage
from app.web.sse import event_stream

TEXT = "Lamps 🔦\n\n🔦 The warranty of the Lumo lamp lasts three years. Keep the receipt.\n\nThe cable: 2 m."
QUOTE = "The warranty of the Lumo lamp lasts three years."
SAID = "The warranty lasts three years."
HUMAN = "Can I talk to a human?"
WHICH = "How long is the warranty?"
UNKNOWN = "Who made it?"
UNPROVEN = "How long is the cable?"
ENDLESS = "Tell me everything"
BREAKS = "Where does it break?"

_BEGIN, _CUT = TEXT.index("🔦 The"), TEXT.index("The cable")
_HELP = {
    "document_id": "document-1",
    "title": "Lumo lamp: warranty",
    "url": "https://help.lumo.example/warranty",
    "heading": "Lumo lamp > Warranty",
}
_CABLES = _HELP | {"document_id": "document-2", "title": "Cables", "url": "javascript:alert(1)"}
_START = TEXT.index(QUOTE)
_CITED = Citation(**_HELP, quote=QUOTE, start=_START, end=_START + len(QUOTE))
_PASSAGES = [
    FoundPassage(**_HELP, text=TEXT[_BEGIN:_CUT], start=_BEGIN, end=_CUT),
    FoundPassage(**_CABLES, text=TEXT[_CUT:], start=_CUT, end=len(TEXT)),
]
_ELSE = {
    HUMAN: ("I am handing you over to a colleague.", "handoff"),
    WHICH: ("Of which lamp?", "clarify"),
    UNKNOWN: ("I don't know.", "unknown"),
    UNPROVEN: ("It is 3 m long.", "answer"),
}
_REPLY: Any = Reply[Answer]

FEATURE = answers.FEATURE
router = APIRouter(prefix="/answers", tags=["answers"])
ROUTERS: Sequence[APIRouter] = (router,)


def answer(request: AnswerRequest) -> Any:
    """The whole answer."""
    question = request.question
    text, action = _ELSE.get(question, (SAID, "answer"))
    lost = ["3"] if question == UNPROVEN else []
    return _REPLY(
        message_id="msg_1",
        conversation_id=None,
        answer=text,
        action=action,
        grounded=action == "answer" and not lost,
        citations=[_CITED] if action == "answer" else [],
        passages=_PASSAGES,
        query="warranty of a lamp" if question == WHICH else question,
        truncated=bool(lost),
        model="staged",
        adapter=None,
        usage=TokenUsage(input_tokens=120, output_tokens=7, cached_input_tokens=100),
        checks=[
            CheckResult(check="sources", kept=True, missing=[], unexpected=[]),
            CheckResult(check="figures", kept=not lost, missing=[], unexpected=lost),
        ],
    )


async def events(request: AnswerRequest) -> AsyncGenerator[Any]:
    """The same in pieces."""
    whole = answer(request)
    yield AnswerStarted(
        type="started",
        message_id=whole.message_id,
        conversation_id=None,
        query=whole.query,
        passages=whole.passages,
    )
    for citation in whole.citations:
        yield AnswerCitation(type="citation", citation=citation)
    while request.question == ENDLESS:
        yield Delta(type="delta", text="and so on ")
        await asyncio.sleep(0.05)
    for word in whole.answer.split():
        yield Delta(type="delta", text=f"{word} ")
        if request.question == BREAKS:
            raise UpstreamFailed("It broke.")
    yield COMPLETED(type="completed", result=whole)


@router.post("", summary="Answer a question from documents")
async def create_answer(request: AnswerRequest) -> Reply[Answer]:
    return answer(request)


@router.post("/stream")
async def stream_answer(request: AnswerRequest) -> StreamingResponse:
    return await event_stream(events(request))


@router.post("/{message_id}/feedback", status_code=201)
async def rate(message_id: str, request: FeedbackRequest) -> Feedback:
    return Feedback(id=request.rating, message_id=message_id)
