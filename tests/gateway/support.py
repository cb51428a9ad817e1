"""A gateway on the hostile upstream, prompts, and callers to ask it, each in a task of its own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from app.errors import GroundworkError
from app.gateway import (
    Completion,
    ModelGateway,
    OutputSchema,
    Prompt,
    PromptPrefix,
    Shot,
    Standby,
    Token,
    Turn,
    Untrusted,
)
from app.gateway.call import Call, set_call
from app.provision import make_gateway
from app.settings import Settings
from tests.hostile.upstream import HostileUpstream
from tests.virtual import now

SCHEMA = """{
    "type": "object",
    "properties": {"issue": {"type": "string", "description": "What is wrong."}},
    "required": ["issue"],
    "additionalProperties": false
}"""
TICKETS = PromptPrefix(
    feature="tickets",
    instruction="What is the email about?",
    shots=(Shot("It does not glow.", '{"issue": "Dark lamp"}'),),
    schema=OutputSchema("tickets", SCHEMA),
)
ANSWERS = PromptPrefix(feature="answers", instruction="Answer the question.", max_tokens=256)


def ticket_prompt(marker: str = "[m-1]") -> Prompt:
    """A prompt with text of strangers, whose answer is JSON."""
    return Prompt(TICKETS, (Turn("user", (Untrusted(f"My lamp broke. {marker}"),)),))


def answer_prompt(marker: str = "[m-1]") -> Prompt:
    """A prompt whose answer is text."""
    return Prompt(ANSWERS, (Turn("user", (f"How long does it last? {marker}",)),))


@asynccontextmanager
async def gateway_on(
    upstream: HostileUpstream,
    provider: str = "openai",
    standby: Standby | None = None,
    fallback: ModelGateway | None = None,
    **settings: Any,
) -> AsyncGenerator[ModelGateway]:
    base_url = upstream.base_url if provider == "openai" else upstream.origin
    gateway = make_gateway(
        Settings(model=f"{provider}:m", base_url=base_url, api_key=SecretStr("k"), **settings),
        None,
        upstream.http,
        standby=standby,
        fallback=fallback,
        clock=now,
    )
    async with aclosing(gateway):
        yield gateway


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended.

    Attributes:
        call: as the gateway saw it.
        seconds: how long it took, on the loop's clock.
        completion: what it got, if it went well.
        error: why it did not.
        chunks: the pieces of a stream.
        tokens: of those pieces.
    """

    call: Call
    seconds: float
    completion: Completion | None = None
    error: GroundworkError | None = None
    chunks: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def text(self) -> str:
        assert self.completion, repr(self.error)
        return self.completion.text

    @property
    def failure(self) -> GroundworkError:
        assert self.error, repr(self.completion)
        return self.error


def ask(
    gateway: ModelGateway, prompt: Prompt, *, stream: bool = False, **wishes: Any
) -> "asyncio.Task[Outcome]":
    """Start a request; its call is made of the keywords."""

    async def request() -> Outcome:
        call = Call(clock=now, **wishes)
        set_call(call)
        completion, error = None, None
        chunks: list[str] = []
        tokens: list[Token] = []
        try:
            if stream:
                async with aclosing(gateway.stream(prompt)) as answer:
                    async for chunk in answer:
                        assert completion is None, "nothing comes after the completion"
                        chunks.append(chunk.text)
                        tokens.extend(chunk.tokens)
                        completion = chunk.completion
            else:
                completion = await gateway.complete(prompt)
        except GroundworkError as failure:
            error = failure
        seconds = now() - call.started
        return Outcome(call, seconds, completion, error, tuple(chunks), tuple(tokens))

    return asyncio.get_running_loop().create_task(request())


async def until(condition: Callable[[], object], seconds: float = 20.0) -> float:
    """Wait until ``condition()`` holds; gives how long that took."""
    begin = now()
    while not condition():
        assert now() - begin < seconds, "it did not come true in time"
        await asyncio.sleep(0.001)
    return now() - begin
