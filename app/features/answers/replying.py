"""From a request to its answer on the wire, whole or as events."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, dropwhile
from secrets import token_hex
from typing import Any, Final

from app.errors import ConversationsOff, ConversationUnknown, invalid
from app.features.answers.answering import Opening, Outcome, answered
from app.features.answers.desk import Desk
from app.features.answers.schemas import (
    Answer,
    AnswerCitation,
    AnswerRequest,
    AnswerStarted,
    Citation,
    FoundPassage,
    Message,
)
from app.features.answers.searching import Findings, find
from app.features.answers.task import AnswerTask
from app.features.feature import reply_of
from app.features.wire import Completed, Delta, Reply
from app.knowledge.sources import Passage
from app.records import GivenAnswer, Store

ANSWERED: Final[Any] = Reply[Answer]
COMPLETED: Final[Any] = Completed[ANSWERED]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request made ready.

    Attributes:
        request: as it came.
        message_id: the answer's name.
        conversation_id: the conversation's, if it is kept.
        found: what was found.
        task: what the model is asked.
        is_cut: whether there are earlier messages than it is shown.
    """

    request: AnswerRequest
    message_id: str
    conversation_id: str | None
    found: Findings
    task: AnswerTask
    is_cut: bool


async def reply(request: AnswerRequest, desk: Desk) -> Any:
    """Answer a request.

    Raises:
        GroundworkError: as :func:`events`.
    """
    *_, completed = [event async for event in events(request, desk, streamed=False)]
    return completed.result


async def events(
    request: AnswerRequest, desk: Desk, *, streamed: bool = True
) -> AsyncGenerator[Any]:
    """Answer a request in events.

    The first waits for the beginning of the answer, so that what fails before is an ordinary
    problem with a status of its own.

    Raises:
        ConversationUnknown: there is no conversation of that name.
        ConversationsOff: it is to be kept, and the operator keeps none.
        Overloaded: the service's documents have not been read yet.
        RecordUnwritten: the conversation could not be kept.
        GroundworkError: what the gateway raises.
    """
    asked = await _prepared(request, desk)
    passages: list[FoundPassage] = []
    async with aclosing(answered(asked.task, desk.gateway, streamed=streamed)) as items:
        async for item in items:
            match item:
                case Opening(task, sources):
                    passages = [_passage(passage) for passage in task.passages]
                    yield _started(asked, passages)
                    for citation in _citations(task, sources):
                        yield AnswerCitation(type="citation", citation=citation)
                case Outcome():
                    made = _made(asked, item, passages)
                    if desk.store:
                        await asyncio.to_thread(desk.store.remember, _given(asked, made))
                    yield COMPLETED(type="completed", result=made)
                case text:
                    yield Delta(type="delta", text=text)


async def _prepared(request: AnswerRequest, desk: Desk) -> Asked:
    traits = desk.gateway.traits
    name, messages = await _conversation(request, desk.store)
    history = _last(messages, traits.reads)
    found = await find(request, history, desk)
    task = AnswerTask.model_construct(
        question=request.question,
        passages=found.passages,
        history=history,
        is_blind=False,
        unknown_above=traits.unknown_above,
    )
    is_cut = found.is_cut or len(history) < len(messages)
    return Asked(request, f"msg_{token_hex(16)}", name, found, task, is_cut)


async def _conversation(
    request: AnswerRequest, store: Store | None
) -> tuple[str | None, Sequence[Message]]:
    """The conversation's name, if it is kept, and its messages so far."""
    name, history = request.conversation_id, request.history
    if not (name or request.store):
        return None, history
    if store is None:
        detail = "Must be left out: the operator of this service keeps no conversations."
        raise invalid(ConversationsOff, "/conversation_id" if name else "/store", detail)
    if name is None:
        return f"conv_{token_hex(16)}", history
    turns = await asyncio.to_thread(store.conversation, name)
    if not turns:
        raise ConversationUnknown(f"There is no conversation {name}, or it is too long ago.")
    kept = (Message.model_construct(role=role, content=content) for role, content in turns)
    return name, (*kept, *history)


def _last(messages: Sequence[Message], most: int) -> tuple[Message, ...]:
    """The last messages that have so many characters together, beginning with a customer's."""
    sizes = accumulate(len(message.content) for message in reversed(messages))
    count = sum(size <= most for size in sizes)
    return tuple(dropwhile(lambda each: each.role != "user", messages[len(messages) - count :]))


def _started(asked: Asked, passages: list[FoundPassage]) -> AnswerStarted:
    return AnswerStarted(
        type="started",
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        query=asked.found.query,
        passages=passages,
    )


def _made(asked: Asked, outcome: Outcome, passages: list[FoundPassage]) -> Any:
    """The answer; one from nothing that it was shown can only be that the documents do not tell."""
    task, result = outcome.task, outcome.result
    written = result.output
    action = "unknown" if written.action == "answer" and not task.sentences else written.action
    citations = _citations(task, written.sources)
    is_kept = all(check.kept for check in result.checks)
    is_cut = len(task.history) < len(asked.task.history) or (
        bool(asked.request.documents) and len(task.passages) < len(asked.task.passages)
    )
    return reply_of(
        ANSWERED,
        replace(result, usage=asked.found.usage + result.usage),
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        answer=written.text,
        action=action,
        grounded=action == "answer" and bool(citations) and is_kept,
        citations=citations,
        passages=passages,
        query=asked.found.query,
        truncated=asked.is_cut or is_cut,
    )


def _passage(passage: Passage) -> FoundPassage:
    start, end = passage.start, passage.end
    return FoundPassage(**_place(passage, start, end), text=passage.text)


def _citations(task: AnswerTask, sources: Sequence[int]) -> list[Citation]:
    return [
        Citation(**_place(each.passage, each.start, each.end), quote=each.text)
        for each in task.cited(sources)
    ]


def _place(passage: Passage, start: int, end: int) -> dict[str, Any]:
    source = passage.source
    heading = " > ".join(passage.heading) or None
    return {
        "document_id": source.id,
        "title": source.title,
        "url": source.url,
        "heading": heading,
        "start": start,
        "end": end,
    }


def _given(asked: Asked, made: Any) -> GivenAnswer:
    dumped = made.model_dump(mode="json", include={"passages", "citations"})
    return GivenAnswer(
        message_id=made.message_id,
        asked_at=datetime.now(UTC),
        conversation_id=made.conversation_id,
        question=asked.request.question,
        query=made.query,
        history=[message.model_dump() for message in asked.task.history],
        passages=dumped["passages"],
        answer=made.answer,
        citations=dumped["citations"],
        action=made.action,
        model=made.model,
    )
