"""Token probabilities: asked for where a prompt wants them, read, and done without."""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from math import log
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletionTokenLogprob as TokenLogprob
from openai.types.chat.chat_completion_token_logprob import TopLogprob

from app.gateway import ModelGateway, Prompt, Token
from app.gateway.call import Call, set_call
from app.provision import make_gateway
from app.settings import Settings
from tests.gateway.support import ANSWERS, TICKETS, answer_prompt, ask, ticket_prompt
from tests.hostile.replies import MESSAGES, STREAMS, openai_message, openai_stream
from tests.virtual import now

ANSWER = Prompt(replace(ANSWERS, alternatives=3), answer_prompt().turns)
TICKET = Prompt(replace(TICKETS, alternatives=3), ticket_prompt().turns)


def told(
    data: bytes, probability: float, others: Iterable[tuple[bytes, float]] = ()
) -> TokenLogprob:
    """A token and its alternatives, as OpenAI tells them."""
    likely = [TopLogprob(**_of(*item)) for item in ((data, probability), *others)]
    return TokenLogprob(**_of(data, probability), top_logprobs=likely)


def _of(data: bytes, probability: float) -> dict[str, Any]:
    text = data.decode(errors="backslashreplace")
    return {"token": text, "bytes": [*data], "logprob": log(probability) if probability else -9999}


URGENT = told(b"high", 0.75, [(b"low", 0.25), (b"\xc3", 0.0)])
PIECES = ["Ther", "mé ", "high"]
LOGPROBS: list[Sequence[TokenLogprob]] = [
    [told(b"Ther", 0.5)],
    [told(b"m", 1.0), told(b"\xc3", 0.5), told(b"\xa9 ", 0.25)],
    [URGENT],
]
TEXTS = ["Ther", "m", "", "é ", "high"]


@dataclass
class Server:
    """Answers every call alike, and keeps what it was asked.

    Attributes:
        rejects: fields that it answers with this status.
    """

    whole: bytes
    stream: bytes
    rejects: dict[str, int] = field(default_factory=dict[str, int])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content)
        self.asked.append(body)
        for name, status in self.rejects.items():
            if name in body:
                return httpx.Response(status, json={"error": {"message": f"no {name}"}})
        if not body.get("stream"):
            return httpx.Response(200, content=self.whole)
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, content=self.stream, headers=headers)


def server(**rejects: int) -> Server:
    """Tells the probabilities of all tokens, to whom asks for them or not."""
    told_of_all = [token for tokens in LOGPROBS for token in tokens]
    whole = openai_message("".join(PIECES), told_of_all)
    return Server(whole, b"".join(openai_stream(PIECES, LOGPROBS)), rejects)


@asynccontextmanager
async def gateway_to(
    server: Server, provider: str = "openai", **settings: Any
) -> AsyncGenerator[ModelGateway]:
    chosen = Settings(model=f"{provider}:m", base_url="http://upstream.test/v1", **settings)
    http = httpx.MockTransport(server)
    async with aclosing(make_gateway(chosen, None, lambda: http, clock=now)) as gateway:
        yield gateway


def asks(body: dict[str, Any]) -> bool:
    """Whether a call asks for probabilities."""
    assert ("logprobs" in body) == ("top_logprobs" in body)
    return "logprobs" in body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_tokens_are_told_with_what_else_was_likely(*, stream: bool) -> None:
    upstream = server()
    async with gateway_to(upstream) as gateway:
        outcome = await ask(gateway, ANSWER, stream=stream)
    assert upstream.asked[0]["logprobs"] is True
    assert upstream.asked[0]["top_logprobs"] == 3
    assert outcome.completion
    tokens = outcome.completion.tokens
    assert [token.text for token in tokens] == TEXTS
    assert "".join(TEXTS) == outcome.text
    assert [token.probability for token in tokens] == pytest.approx([0.5, 1.0, 0.5, 0.25, 0.75])
    assert [text for text, _ in tokens[-1].alternatives] == ["high", "low", r"\xc3"]
    assert [chance for _, chance in tokens[-1].alternatives] == pytest.approx([0.75, 0.25, 0.0])
    if stream:
        assert outcome.tokens == tokens
        assert "".join(outcome.chunks) == outcome.text


async def test_token_without_bytes_is_its_text() -> None:
    bare = TokenLogprob(token="é", logprob=0.0, top_logprobs=[])
    upstream = Server(openai_message("é", [bare]), b"")
    async with gateway_to(upstream) as gateway:
        outcome = await ask(gateway, ANSWER)
    assert outcome.completion
    assert outcome.completion.tokens == (Token("é", 1.0, ()),)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_upstream_that_tells_none_is_no_failure(*, stream: bool) -> None:
    upstream = Server(openai_message("Fine."), b"".join(openai_stream(["Fine."])))
    async with gateway_to(upstream) as gateway:
        outcome = await ask(gateway, ANSWER, stream=stream)
        assert outcome.text == "Fine."
        assert outcome.completion
        assert outcome.completion.tokens == ()
        await ask(gateway, ANSWER, stream=stream)
    assert [asks(body) for body in upstream.asked] == [True, True]


async def test_nothing_is_asked_that_nobody_wants() -> None:
    upstream = server()
    async with gateway_to(upstream) as gateway:
        await ask(gateway, answer_prompt())
    assert not asks(upstream.asked[0])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_anthropic_is_not_asked(*, stream: bool) -> None:
    frames = b"".join(STREAMS["anthropic"](["Fine."]))
    upstream = Server(MESSAGES["anthropic"]("Fine."), frames)
    async with gateway_to(upstream, "anthropic") as gateway:
        outcome = await ask(gateway, ANSWER, stream=stream)
        assert outcome.completion
        assert outcome.completion.tokens == ()
        upstream.rejects = {"model": 400}
        await ask(gateway, ANSWER, stream=stream)
    assert not any(map(asks, upstream.asked))
    assert len(upstream.asked) == 2, "there is no other way to ask"


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_upstream_that_rejects_it_is_asked_without_from_then_on(
    status: int, *, stream: bool
) -> None:
    upstream = server(logprobs=status)
    async with gateway_to(upstream) as gateway:
        for _ in range(2):
            assert (await ask(gateway, ANSWER, stream=stream)).text == "".join(PIECES)
    assert [asks(body) for body in upstream.asked] == [True, False, False]


async def test_upstream_that_knows_neither_schemas_nor_probabilities() -> None:
    upstream = server(logprobs=400, response_format=400)
    async with gateway_to(upstream) as gateway:
        for _ in range(2):
            assert (await ask(gateway, TICKET)).completion
        assert gateway.ladder.mode == "tool"
    told = [(asks(body), "tools" in body) for body in upstream.asked]
    assert told == [(True, False), (False, False), (True, True), (False, True), (False, True)]


async def test_upstream_that_knows_no_schemas_is_still_asked() -> None:
    upstream = server(response_format=400)
    async with gateway_to(upstream) as gateway:
        for _ in range(2):
            outcome = await ask(gateway, TICKET)
            assert outcome.completion
            assert outcome.completion.tokens
    told = [(asks(body), "tools" in body) for body in upstream.asked]
    assert told == [(True, False), (False, False), (True, True), (True, True)]


async def test_what_was_taken_once_is_not_doubted() -> None:
    upstream = server()
    async with gateway_to(upstream) as gateway:
        await ask(gateway, ANSWER)
        upstream.rejects = {"model": 400}
        assert (await ask(gateway, ANSWER)).failure.code == "upstream-rejected"
        assert len(upstream.asked) == 2


async def test_stored_answers_keep_their_tokens_which_take_their_place() -> None:
    upstream = server()
    async with gateway_to(upstream, cache_ttl=60, cache_bytes=10_000) as gateway:
        set_call(Call(clock=now))
        first = await gateway.complete(ANSWER)
        assert (await gateway.complete(ANSWER)).tokens == first.tokens
        async with aclosing(gateway.stream(ANSWER)) as chunks:
            pieces = [chunk async for chunk in chunks]
        assert pieces[0].tokens == first.tokens
        assert len(upstream.asked) == 1
        other = Prompt(replace(ANSWER.prefix, alternatives=2), ANSWER.turns)
        await gateway.complete(other)
        assert len(upstream.asked) == 2, "it is another question"
    async with gateway_to(upstream, cache_ttl=60, cache_bytes=2000) as gateway:
        for _ in range(2):
            await gateway.complete(ANSWER)
        assert len(upstream.asked) == 4, "it is too large"
