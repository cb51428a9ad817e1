"""Asks the model a question: with less where it has no room, blind where it does not know."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from app.errors import GroundworkError, InputTooLong
from app.features.answers.feature import Answers, is_doubtful
from app.features.answers.header import Header, Written
from app.features.answers.task import AnswerTask
from app.features.feature import Result
from app.gateway import Chunk, ModelGateway, Prompt, Usage

FEATURE: Final = Answers()


@dataclass(frozen=True, slots=True)
class Opening:
    """The answer begins: what the model was asked in the end, and what it says it rests on."""

    task: AnswerTask
    sources: Sequence[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer is whole: what the model was asked in the end, and what it wrote, proven."""

    task: AnswerTask
    result: Result[Written]


async def answered(
    task: AnswerTask, gateway: ModelGateway, *, streamed: bool
) -> AsyncGenerator[Opening | str | Outcome]:
    """Ask the model; where it finds it likely that no sentence tells, once more without them.

    Args:
        task: what it is asked.
        gateway: the model.
        streamed: whether the text is wanted as it comes.

    Yields:
        The opening, the text in pieces, not yet proven, and the outcome.

    Raises:
        GroundworkError: as ``Feature.ask``; its ``received`` member is the text so far.
    """
    spent, received = Usage(), list[str]()
    while True:
        prompt, header = FEATURE.prompt(task), Header()
        source = gateway.stream(prompt) if streamed else _whole(prompt, gateway)
        try:
            async with aclosing(source) as chunks:
                async for chunk in chunks:
                    text = chunk.text
                    if not header.is_read:
                        text = header.feed(text, chunk.tokens)
                        if text and is_doubtful(task, header):
                            # What a stream took that is closed now, nobody tells.
                            spent += chunk.completion.usage if chunk.completion else Usage()
                            break
                        if text:
                            yield Opening(task, header.sources)
                    if text:
                        received.append(text)
                        yield text
                    if chunk.completion:
                        result = await FEATURE.proven(task, prompt, chunk.completion, gateway)
                        if not received:
                            yield Opening(task, result.output.sources)
                            yield result.output.text
                        yield Outcome(task, replace(result, usage=spent + result.usage))
                        return
            task = task.changed(is_blind=True)
        except InputTooLong:
            shorter = task.shorter()
            if received or shorter is None:
                raise
            task = shorter
        except GroundworkError as error:
            if received:
                error.members["received"] = "".join(received)
            raise


async def _whole(prompt: Prompt, gateway: ModelGateway) -> AsyncGenerator[Chunk]:
    """A whole answer as a stream of one piece."""
    completion = await gateway.complete(prompt)
    yield Chunk(completion.text, completion, completion.tokens)
