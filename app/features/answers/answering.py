"""From a question to its answer: what is found, what the model makes of it, what is proven."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, dropwhile
from secrets import token_hex
from typing import Any, Final

from app.errors import ConversationsOff, ConversationUnknown, GroundworkError, InputTooLong, invalid
from app.features.answers.feature import FEATURE
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
from app.features.answers.task import AnswerTask, Written
from app.features.feature import Result, reply_of
from app.features.wire import Completed, Delta, Reply
from app.gateway import ModelGateway, Usage
from app.gateway.call import current_call
from app.records import GivenAnswer, Store
from app.web.deps import State

COMPLETED: Final[Any] = Completed[Reply[Answer]]

_ANSWERED: Final[Any] = Reply[Answer]
_MOST_MESSAGES: Final = 50  # of a conversation, for the model


@dataclass(slots=True)
class _Asked:
    """A request as the model is asked it.

    Attributes:
        names: of the answer and of its conversation, and what was searched for.
        shown: the task's passages for the caller, even if the model is shown none in the end.
        usage: tokens that it took so far.
        is_cut: whether something is left out that the caller sent.
    """

    request: AnswerRequest
    names: dict[str, Any]
    task: AnswerTask
    shown: list[FoundPassage]
    usage: Usage
    is_cut: bool

    async def doubt(self, gateway: ModelGateway) -> None:
        """Leave out the passages if the model finds it likely that they do not tell."""
        self.task, usage = await FEATURE.doubted(self.task, gateway)
        self.usage += usage

    def shorten(self, error: InputTooLong) -> None:
        """Leave out more; where nothing is left, raise the error."""
        shorter = self.task.shorter()
        if shorter is None:
            raise error
        # Fewer of the service's own documents are no loss to the caller.
        self.is_cut |= bool(self.task.history or self.request.documents)
        self.task, self.shown = shorter, self.shown[: len(shorter.passages)] or self.shown

    def opening(self, sources: Sequence[int], text: str) -> Iterator[Any]:
        """The first events, up to the first piece of the text."""
        yield AnswerStarted(type="started", **self.names, passages=self.shown)
        for sentence in self.task.cited(sources):
            yield AnswerCitation(type="citation", citation=Citation.of(sentence))
        yield Delta(type="delta", text=text)

    async def made(self, result: Result[Written], store: Store | None) -> Any:
        """The answer, kept; one from nothing can only be that the documents do not tell."""
        written, is_kept = result.output, all(check.kept for check in result.checks)
        is_groundless = written.action == "answer" and not self.task.sentences
        action = "unknown" if is_groundless else written.action
        made = reply_of(
            _ANSWERED,
            replace(result, usage=self.usage + result.usage),
            **self.names,
            answer=written.text,
            action=action,
            grounded=action == "answer" and is_kept,  # that it cites something is one of the checks
            citations=list(map(Citation.of, self.task.cited(written.sources))),
            passages=self.shown,
            truncated=self.is_cut,
        )
        if store and self.request.store is not False:
            unkept = {"grounded", "truncated", "adapter", "usage", "checks"}
            given = GivenAnswer(
                asked_at=datetime.now(UTC),
                tenant=current_call().caller.tenant,
                question=self.task.question,
                history=[message.model_dump() for message in self.task.history],
                **made.model_dump(mode="json", exclude=unkept),
            )
            await asyncio.to_thread(store.remember, given)
        return made


async def reply(request: AnswerRequest, state: State) -> Any:
    """Answer a request; raises as :func:`events` does."""
    asked = await _prepared(request, state)
    while True:
        try:
            await asked.doubt(state["gateway"])
            return await asked.made(await FEATURE.ask(asked.task, state["gateway"]), state["store"])
        except InputTooLong as error:
            asked.shorten(error)


async def events(request: AnswerRequest, state: State) -> AsyncGenerator[Any]:
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
    asked = await _prepared(request, state)
    while True:
        received = shown = ""
        try:
            await asked.doubt(state["gateway"])
            async with aclosing(FEATURE.stream(asked.task, state["gateway"])) as items:
                async for item in items:
                    if isinstance(item, Result):
                        output = item.output
                        for event in () if shown else asked.opening(output.sources, output.text):
                            yield event
                        made = await asked.made(item, state["store"])
                        yield COMPLETED(type="completed", result=made)
                        return
                    elif shown:
                        shown += item.text
                        yield Delta(type="delta", text=item.text)
                    else:
                        received += item.text
                        begun = Written(received)
                        shown = "" if begun.is_open else begun.rest
                        for event in asked.opening(begun.sources, shown) if shown else ():
                            yield event
        except InputTooLong as error:
            if shown:
                raise
            asked.shorten(error)
        except GroundworkError as error:
            error.members.pop("received", None)  # with the brackets
            if shown:
                error.members["received"] = shown
            raise


async def _prepared(request: AnswerRequest, state: State) -> _Asked:
    traits = state["gateway"].traits
    conversation, messages = await _conversation(request, state["store"])
    current_call().conversation_id = conversation
    history = _last(messages, traits.reads)
    found = await find(request, history, state["library"], state["gateway"])
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
    shown = list(map(FoundPassage.of, found.passages))
    return _Asked(request, names, task, shown, found.usage, is_cut)


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
    turns = await asyncio.to_thread(store.conversation, name, current_call().caller.tenant)
    if not turns:
        raise ConversationUnknown(f"There is no conversation {name}, or it is too long ago.")
    return name, [*(Message(role=role, content=content) for role, content in turns), *history]


def _last(messages: Sequence[Message], most: int) -> tuple[Message, ...]:
    """The last messages that have so many characters together, beginning with a customer's."""
    last = messages[-_MOST_MESSAGES:]
    sizes = accumulate(len(message.content) for message in reversed(last))
    count = sum(size <= most for size in sizes)
    return tuple(dropwhile(lambda each: each.role != "user", last[len(last) - count :]))
