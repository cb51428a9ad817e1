"""From a question to its answer: what is found, what the model makes of it, what is proven."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, dropwhile
from secrets import token_hex
from typing import Any, Final

from app.errors import (
    ConversationsOff,
    ConversationUnknown,
    GroundworkError,
    InputTooLong,
    invalid,
)
from app.features.answers.desk import Desk
from app.features.answers.feature import FEATURE
from app.features.answers.header import Header, Written
from app.features.answers.schemas import (
    Answer,
    AnswerCitation,
    AnswerRequest,
    AnswerStarted,
    Citation,
    Message,
)
from app.features.answers.searching import Findings, find
from app.features.answers.task import AnswerTask
from app.features.feature import Result, reply_of
from app.features.wire import Completed, Delta, Reply
from app.gateway import Chunk, ModelGateway, Prompt
from app.records import GivenAnswer, Store

COMPLETED: Final[Any] = Completed[Reply[Answer]]

_ANSWERED: Final[Any] = Reply[Answer]
_MOST_MESSAGES: Final = 50  # of a conversation, for the model


@dataclass(frozen=True, slots=True)
class Asked:
    """A request made ready.

    Attributes:
        request: as it came.
        message_id: the answer's name.
        conversation_id: the conversation's, if it is kept.
        found: what was found.
        task: what the model is asked at first.
        is_cut: whether something is left out there.
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

    The first waits for the answer's first word, so that what fails before is an ordinary problem
    with a status of its own. Where the model has no room for all, it is asked with less; where it
    doubts that a sentence tells, without any.

    Raises:
        ConversationUnknown: there is no conversation of that name.
        ConversationsOff: it is to be kept, and the operator keeps none.
        Overloaded: the service's documents have not been read yet.
        RecordUnwritten: the conversation could not be kept.
        GroundworkError: what the gateway raises; its ``received`` member is the text so far.
    """
    asked = await _prepared(request, desk)
    task, gateway, spent, shown = asked.task, desk.gateway, asked.found.usage, list[str]()
    is_settled = False
    while True:
        try:
            if not is_settled:
                doubts, usage = await FEATURE.doubt(task, gateway)
                task, spent = task.changed(is_blind=True) if doubts else task, spent + usage
                is_settled = True
            prompt, header = FEATURE.prompt(task), Header()
            source = gateway.stream(prompt) if streamed else _whole(prompt, gateway)
            async with aclosing(source) as chunks:
                async for chunk in chunks:
                    text = chunk.text
                    if not header.is_read and (text := header.feed(text)):
                        for event in _opening(asked, task, header.sources):
                            yield event
                    if text:
                        shown.append(text)
                        yield Delta(type="delta", text=text)
                    if chunk.completion:
                        result = await FEATURE.proven(task, prompt, chunk.completion, gateway)
                        if not shown:
                            for event in _opening(asked, task, result.output.sources):
                                yield event
                            yield Delta(type="delta", text=result.output.text)
                        made = _made(asked, task, replace(result, usage=spent + result.usage))
                        yield await _completed(asked, made, desk.store)
                        return
        except InputTooLong:
            shorter = task.shorter()
            if shown or shorter is None:
                raise
            task = shorter
        except GroundworkError as error:
            if shown:
                error.members["received"] = "".join(shown)
            raise


async def _whole(prompt: Prompt, gateway: ModelGateway) -> AsyncGenerator[Chunk]:
    """A whole answer as a stream of one piece."""
    completion = await gateway.complete(prompt)
    yield Chunk(completion.text, completion, completion.tokens)


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
    return name, [*(Message(role=role, content=content) for role, content in turns), *history]


def _last(messages: Sequence[Message], most: int) -> tuple[Message, ...]:
    """The last messages that have so many characters together, beginning with a customer's."""
    last = messages[-_MOST_MESSAGES:]
    sizes = accumulate(len(message.content) for message in reversed(last))
    count = sum(size <= most for size in sizes)
    return tuple(dropwhile(lambda each: each.role != "user", last[len(last) - count :]))


def _opening(
    asked: Asked, task: AnswerTask, sources: Sequence[int]
) -> Iterator[AnswerStarted | AnswerCitation]:
    yield AnswerStarted(
        type="started",
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        query=asked.found.query,
        passages=task.shown,
    )
    for citation in _citations(task, sources):
        yield AnswerCitation(type="citation", citation=citation)


def _made(asked: Asked, task: AnswerTask, result: Result[Written]) -> Any:
    """The answer; one from nothing that was shown can only be that the documents do not tell."""
    written, citations = result.output, _citations(task, result.output.sources)
    action = "unknown" if written.action == "answer" and not task.sentences else written.action
    is_kept = all(check.kept for check in result.checks)
    lacks_documents = asked.request.documents and len(task.passages) < len(asked.task.passages)
    return reply_of(
        _ANSWERED,
        result,
        message_id=asked.message_id,
        conversation_id=asked.conversation_id,
        answer=written.text,
        action=action,
        grounded=action == "answer" and is_kept,  # that it cites something is one of the checks
        citations=citations,
        passages=task.shown,
        query=asked.found.query,
        truncated=asked.is_cut
        or len(task.history) < len(asked.task.history)
        or bool(lacks_documents),
    )


def _citations(task: AnswerTask, sources: Sequence[int]) -> list[Citation]:
    return [Citation.of(sentence) for sentence in task.cited(sources)]


async def _completed(asked: Asked, made: Any, store: Store | None) -> Any:
    """The last event; the answer is kept before."""
    if store:
        fields = made.model_dump(mode="json", exclude={"grounded", "truncated", "usage", "checks"})
        given = GivenAnswer(
            asked_at=datetime.now(UTC),
            question=asked.request.question,
            history=[message.model_dump() for message in asked.task.history],
            **fields,
        )
        await asyncio.to_thread(store.remember, given)
    return COMPLETED(type="completed", result=made)
