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
from app.features.answers.feature import FEATURE
from app.features.answers.header import Written
from app.features.answers.schemas import (
    Answer,
    AnswerCitation,
    AnswerRequest,
    AnswerStarted,
    Citation,
    FoundPassage,
    Message,
)
from app.features.answers.searching import find
from app.features.answers.task import AnswerTask
from app.features.feature import Result, reply_of
from app.features.wire import Completed, Delta, Reply
from app.gateway import Chunk, ModelGateway, Prompt, Usage
from app.knowledge.library import Library
from app.knowledge.sources import Passage
from app.records import GivenAnswer, Store

COMPLETED: Final[Any] = Completed[Reply[Answer]]

_ANSWERED: Final[Any] = Reply[Answer]
_MOST_MESSAGES: Final = 50  # of a conversation, for the model


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers: the model, the documents, and what was answered before, if that is kept."""

    gateway: ModelGateway
    library: Library
    store: Store | None


@dataclass(slots=True)
class _Asked:
    """A request as the model is asked it.

    Attributes:
        names: of the answer and of its conversation, and what was searched for.
        task: what the model is asked.
        shown: the passages that it was shown, even if it is shown none in the end.
        usage: tokens that it took so far.
        is_cut: whether something is left out that the caller sent.
    """

    names: dict[str, Any]
    task: AnswerTask
    shown: Sequence[Passage]
    usage: Usage
    is_cut: bool

    def opening(self, sources: Sequence[int], text: str) -> Iterator[Any]:
        """The first events, up to the first piece of the text."""
        passages = list(map(FoundPassage.of, self.shown))
        yield AnswerStarted(type="started", **self.names, passages=passages)
        for sentence in self.task.cited(sources):
            yield AnswerCitation(type="citation", citation=Citation.of(sentence))
        yield Delta(type="delta", text=text)

    def made(self, result: Result[Written]) -> Any:
        """The answer; one from nothing that was shown can only be that the documents do not tell."""
        written, is_kept = result.output, all(check.kept for check in result.checks)
        action = (
            "unknown" if written.action == "answer" and not self.task.sentences else written.action
        )
        return reply_of(
            _ANSWERED,
            replace(result, usage=self.usage + result.usage),
            **self.names,
            answer=written.text,
            action=action,
            grounded=action == "answer" and is_kept,  # that it cites something is one of the checks
            citations=list(map(Citation.of, self.task.cited(written.sources))),
            passages=list(map(FoundPassage.of, self.shown)),
            truncated=self.is_cut,
        )


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
    while True:
        received = shown = ""
        try:
            asked.task, usage = await FEATURE.doubted(asked.task, desk.gateway)
            asked.usage += usage
            prompt = FEATURE.prompt(asked.task)
            source = desk.gateway.stream(prompt) if streamed else _whole(prompt, desk.gateway)
            async with aclosing(source) as chunks:
                async for chunk in chunks:
                    if shown and chunk.text:
                        shown += chunk.text
                        yield Delta(type="delta", text=chunk.text)
                    elif not shown:
                        received += chunk.text
                        begun = Written(received)
                        shown = "" if begun.is_open else begun.rest
                        for event in asked.opening(begun.sources, shown) if shown else ():
                            yield event
                    if chunk.completion:
                        result = await FEATURE.proven(
                            asked.task, prompt, chunk.completion, desk.gateway
                        )
                        output = result.output
                        for event in () if shown else asked.opening(output.sources, output.text):
                            yield event
                        made = asked.made(result)
                        await _keep(made, asked.task, desk.store)
                        yield COMPLETED(type="completed", result=made)
                        return
        except InputTooLong:
            shorter = asked.task.shorter()
            if shown or shorter is None:
                raise
            # Fewer of the service's own documents are no loss to the caller.
            asked.is_cut |= bool(asked.task.history or request.documents)
            asked.task, asked.shown = shorter, shorter.passages or asked.shown
        except GroundworkError as error:
            if shown:
                error.members["received"] = shown
            raise


async def _whole(prompt: Prompt, gateway: ModelGateway) -> AsyncGenerator[Chunk]:
    """A whole answer as a stream of one piece."""
    completion = await gateway.complete(prompt)
    yield Chunk(completion.text, completion)


async def _prepared(request: AnswerRequest, desk: Desk) -> _Asked:
    traits = desk.gateway.traits
    conversation, messages = await _conversation(request, desk.store)
    history = _last(messages, traits.reads)
    found = await find(request, history, desk.library, desk.gateway)
    task = AnswerTask.model_construct(
        question=request.question,
        passages=found.passages,
        history=history,
        unknown_above=traits.unknown_above,
    )
    names = {
        "message_id": f"msg_{token_hex(16)}",
        "conversation_id": conversation,
        "query": found.query,
    }
    is_cut = found.is_cut or len(history) < len(messages)
    return _Asked(names, task, found.passages, found.usage, is_cut)


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


async def _keep(made: Any, task: AnswerTask, store: Store | None) -> None:
    if store:
        fields = made.model_dump(mode="json", exclude={"grounded", "truncated", "usage", "checks"})
        given = GivenAnswer(
            asked_at=datetime.now(UTC),
            question=task.question,
            history=[message.model_dump() for message in task.history],
            **fields,
        )
        await asyncio.to_thread(store.remember, given)
