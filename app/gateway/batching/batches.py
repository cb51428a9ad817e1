"""Prompts through the model server's own batches: what is sent and read is what a live call has."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Generator
from contextlib import aclosing, contextmanager, suppress
from typing import Final

from app.errors import (
    BatchCancelled,
    BatchesUnsupported,
    GroundworkError,
    ModelError,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    invalid,
)
from app.gateway.batching.api import MOST_RETRIES, PATIENCE_SECONDS, BatchApi
from app.gateway.batching.part import Part
from app.gateway.batching.values import BatchState, BatchStatus, Ending, Outcome, key_of
from app.gateway.gateway import ModelGateway
from app.gateway.prompt import Completion, Prompt
from app.gateway.retries import Retries

_NO_SUCH_PATH: Final = frozenset({404, 405})
_MOST_TRIALS: Final = 3
_FINDS_OUT_SECONDS: Final = 60.0


def unsupported() -> GroundworkError:
    """The problem of a model server without batches."""
    return invalid(BatchesUnsupported, "/mode", "Must be live: the model server takes no batches.")


class ProviderBatches:
    """The batches of a gateway's model server."""

    def __init__(self, api: BatchApi, gateway: ModelGateway) -> None:
        self._api = api
        self._gateway = gateway
        self._retries = Retries(MOST_RETRIES)

    async def check(self) -> None:
        """See whether the server takes batches.

        Raises:
            BatchesUnsupported: it does not.
            UpstreamError: it cannot be asked.
        """
        with _is_supported():
            await self._api.check()

    async def submit(self, prompts: AsyncIterable[Prompt]) -> AsyncGenerator[str]:
        """Send prompts, each once however often it comes; gives the names of the batches.

        They are sent in parts as they come. A name is to be kept as soon as it is given: when a
        later part fails, the earlier batches run.

        Raises:
            BatchesUnsupported: the server takes no batches.
            BatchUnconfirmed: it did not say whether it took one.
            GroundworkError: it did not take one.
        """
        upstream, ladder = self._gateway.upstream, self._gateway.ladder
        sent: set[str] = set()
        parts: dict[str, Part] = {}  # by model: a batch of OpenAI's is for one alone
        trials = _MOST_TRIALS
        try:
            async for prompt in prompts:
                key = key_of(prompt)
                if key in sent:
                    continue
                sent.add(key)
                if trials and not ladder.knows(prompt.prefix):
                    trials -= 1
                    await self._find_out(prompt)
                body = upstream.dialect.encode(prompt, *ladder.way(prompt.prefix), stream=False)
                line, model = self._api.line(key, body), upstream.dialect.model_of(prompt.prefix)
                if model in parts and not parts[model].takes(line, self._api.most):
                    yield await self._created(parts.pop(model))
                if model not in parts:
                    parts[model] = self._api.part()
                parts[model].add(line)
            while parts:
                yield await self._created(parts.pop(next(iter(parts))))
        finally:
            for part in parts.values():
                part.close()

    async def _find_out(self, prompt: Prompt) -> None:
        """Find out how to put a prompt by a live call, or all prompts may be put in vain."""
        ladder = self._gateway.ladder
        try:
            async with asyncio.timeout(_FINDS_OUT_SECONDS):
                await self._gateway.find_output_mode()
        except TimeoutError as error:
            raise UpstreamTimeout("The model server did not answer in time.") from error
        if not ladder.knows(prompt.prefix):
            with suppress(ModelError):
                await self._gateway.complete(prompt)

    async def _created(self, part: Part) -> str:
        with part, _is_supported():
            return await self._api.create(part)

    async def state(self, name: str) -> BatchState:
        """How far a batch is."""
        return await self._api.state(name)

    async def cancel(self, name: str) -> None:
        """Have a batch end; what is answered by then has its results."""
        if (await self.state(name)).status is BatchStatus.RUNNING:
            await self._api.cancel(name)

    async def results(self, name: str) -> AsyncGenerator[tuple[str, Outcome]]:
        """What became of each prompt of a batch that has ended, by its key and in any order.

        Where a connection breaks, it is read again from the start, and what was given is left out.
        """
        given: set[str] = set()
        made = 0
        while True:
            try:
                async with aclosing(self._api.outcomes(name)) as outcomes:
                    async for key, outcome in outcomes:
                        if key not in given:
                            made = 0
                            given.add(key)
                            yield key, outcome
            except UpstreamError as error:
                wait = self._retries.wait(error, made=made, left=PATIENCE_SECONDS)
            else:
                return
            made += 1
            await asyncio.sleep(wait)

    def read(self, prompt: Prompt, outcome: Outcome) -> Completion | None:
        """The completion of a prompt; None where a live call would be made again.

        Raises:
            BatchCancelled: the batch was cancelled before.
            GroundworkError: as of a live call that failed for good.
        """
        match outcome.ending:
            case Ending.EXPIRED:
                return None
            case Ending.CANCELLED:
                raise BatchCancelled("The batch was cancelled before the model was asked this.")
            case Ending.REFUSED:
                raise UpstreamRejected("The model server rejected the batch that this was in.")
            case Ending.ANSWERED:
                try:
                    return self._gateway.upstream.read(
                        prompt, outcome.status, outcome.body.encode()
                    )
                except GroundworkError as error:
                    if error.retryable:
                        return None
                    raise


@contextmanager
def _is_supported() -> Generator[None]:
    """Say so where the server does not know the path of batches."""
    try:
        yield
    except UpstreamRejected as error:
        if error.upstream_status in _NO_SUCH_PATH:
            raise unsupported() from error
        raise
