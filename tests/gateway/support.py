"""A gateway on the hostile upstream, and callers to ask it, each in a task of its own."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from app.errors import GroundworkError
from app.features import answers, tickets
from app.features.answers.task import AnswerTask
from app.features.tickets.letter import Letter
from app.gateway import Completion, ModelGateway, Prompt
from app.gateway.caller import Caller, set_caller
from app.provision import make_gateway
from app.settings import Settings
from tests.hostile.upstream import HostileUpstream


def ticket_prompt(marker: str = "[m-1]") -> Prompt:
    return tickets.FEATURE.prompt(Letter(body=f"My lamp broke. {marker}"))


def answer_prompt(marker: str = "[m-1]") -> Prompt:
    task = {"question": f"How long? {marker}", "documents": [{"text": "Three years."}]}
    return answers.FEATURE.prompt(AnswerTask.model_validate(task))


@asynccontextmanager
async def gateway_on(
    upstream: HostileUpstream, provider: str = "openai", **settings: Any
) -> AsyncGenerator[ModelGateway]:
    base_url = upstream.base_url if provider == "openai" else upstream.origin
    gateway = make_gateway(
        Settings(model=f"{provider}:m", base_url=base_url, api_key=SecretStr("k"), **settings),
        None,
    )
    async with aclosing(gateway):
        yield gateway


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended.

    Attributes:
        completion: what it got, if it went well.
        error: why it did not.
        seconds: how long it took; until its first chunk in ``first``.
        chunks: the pieces of a stream.
        caller: with its ledger and its cache outcomes.
    """

    caller: Caller
    seconds: float
    completion: Completion | None = None
    error: BaseException | None = None
    chunks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        assert self.completion, repr(self.error)
        return self.completion.text

    @property
    def failure(self) -> GroundworkError:
        assert isinstance(self.error, GroundworkError), repr(self.error or self.completion)
        return self.error


def ask(
    gateway: ModelGateway, prompt: Prompt, *, stream: bool = False, **caller: Any
) -> "asyncio.Task[Outcome]":
    """Start a request; its caller is made of the keywords."""
    run = _stream if stream else _complete

    async def request() -> Outcome:
        who = Caller(**caller)
        set_caller(who)
        return await run(gateway, prompt, who)

    return asyncio.get_running_loop().create_task(request())


async def _complete(gateway: ModelGateway, prompt: Prompt, caller: Caller) -> Outcome:
    begin = time.monotonic()
    try:
        completion = await gateway.complete(prompt)
    except GroundworkError as error:
        return Outcome(caller, time.monotonic() - begin, error=error)
    return Outcome(caller, time.monotonic() - begin, completion)


async def _stream(gateway: ModelGateway, prompt: Prompt, caller: Caller) -> Outcome:
    begin = time.monotonic()
    chunks: list[str] = []
    completion: Completion | None = None
    try:
        async for chunk in gateway.stream(prompt):
            assert completion is None, "nothing comes after the completion"
            chunks.append(chunk.text)
            completion = chunk.completion
    except GroundworkError as error:
        return Outcome(caller, time.monotonic() - begin, error=error, chunks=tuple(chunks))
    return Outcome(caller, time.monotonic() - begin, completion, chunks=tuple(chunks))


async def until(condition: Any, seconds: float = 2.0) -> float:
    """Wait until ``condition()`` holds; gives how long that took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "it did not come true in time"
        await asyncio.sleep(0.001)
    return time.monotonic() - begin
