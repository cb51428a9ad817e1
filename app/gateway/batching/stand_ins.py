"""What stands in for the gateway while a request is answered by way of a batch.

A request is run twice. First :class:`Compiling` takes down what the feature asks; once the batch has
ended, :class:`Answered` says what became of that. In between the process may have been another.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

from app.gateway.batching.batches import ProviderBatches
from app.gateway.batching.values import Answer, Outcome, key_of
from app.gateway.gateway import ModelGateway
from app.gateway.prompt import Chunk, Completion, Prompt, Usage
from app.gateway.traits import ModelTraits


class Compiled(BaseException):
    """Ends a run whose prompts are taken down; like ``CancelledError``, no error to be handled."""


class _StandIn(ABC):
    """What a feature may ask of a gateway."""

    def __init__(self, live: ModelGateway) -> None:
        self._live = live

    @property
    def model(self) -> str:
        return self._live.model

    @property
    def traits(self) -> ModelTraits:
        """Those of the base model: no fallback answers a batch."""
        return self._live.own_traits

    @abstractmethod
    async def complete(self, prompt: Prompt) -> Completion:
        """The model's whole answer to ``prompt``."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        """The answer, which comes at once."""
        completion = await self.complete(prompt)
        yield Chunk(completion.text, tokens=completion.tokens)
        yield Chunk("", completion)

    def forget(self, prompt: Prompt) -> None:
        self._live.forget(prompt)


class Compiling(_StandIn):
    """Takes down the prompts that a feature asks before it has an answer to any.

    Those are the feature's own; what another feature is asked on the way to them, such as what to
    search for, is asked live. Calls that a request makes at once are taken down all together
    (``features.concurrency``). A run that ends without :class:`Compiled` needs no batch.

    Attributes:
        prompts: for the batch, by their keys.
        answers: of those that were asked live, likewise; to be kept, or the second run may take
            another way.
    """

    def __init__(self, live: ModelGateway, feature: str) -> None:
        super().__init__(live)
        self._feature = feature
        self.prompts: dict[str, Prompt] = {}
        self.answers: dict[str, Completion] = {}

    async def complete(self, prompt: Prompt) -> Completion:
        key = key_of(prompt)
        if prompt.prefix.feature == self._feature:
            self.prompts[key] = prompt
            raise Compiled
        completion = self.answers[key] = await self._live.complete(prompt)
        return completion


class Answered(_StandIn):
    """Says what became of prompts in a batch; all others are asked live, such as repairs.

    What is asked again within a request took its tokens once, as in the batch.

    Attributes:
        usage: tokens of the batch that answers were made of.
    """

    def __init__(
        self,
        live: ModelGateway,
        batches: ProviderBatches,
        find: Callable[[str], Awaitable[Answer | None]],
    ) -> None:
        """Answer with what ``find`` gives for a prompt's key."""
        super().__init__(live)
        self._batches = batches
        self._find = find
        self._told: set[str] = set()
        self.usage = Usage()

    async def complete(self, prompt: Prompt) -> Completion:
        key = key_of(prompt)
        answer = await self._find(key)
        if isinstance(answer, Outcome):
            answer = self._batches.read(prompt, answer)
        if answer is None:
            return await self._live.complete(prompt)
        if key in self._told:
            return replace(answer, usage=Usage())
        self._told.add(key)
        self.usage += answer.usage
        return answer
