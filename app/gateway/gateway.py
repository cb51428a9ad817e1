"""The single service that every feature asks: one base model, whatever it is."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from app.gateway.dialects.dialect import OutputMode
from app.gateway.ledger import current_ledger
from app.gateway.probe import Probe
from app.gateway.prompt import Chunk, Completion, Prompt
from app.gateway.upstream import Upstream


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What features may want to know of the model, as data.

    Attributes:
        checks_wording: the model only copies what it is given; wording that it was not given
            is made up. True for the small embedded default, not for models that paraphrase.
    """

    checks_wording: bool = False


class ModelGateway:
    """Completes prompts on the one upstream model.

    Both methods raise an :class:`~app.errors.UpstreamError` when the upstream fails and a
    :class:`~app.errors.ModelError` when the model refuses or is cut off: what they return is
    always a whole answer.
    """

    def __init__(
        self, upstream: Upstream, *, model: str, mode: OutputMode, traits: ModelTraits
    ) -> None:
        self.model = model
        self.traits = traits
        self._upstream = upstream
        self._mode = mode
        self._probe = Probe(upstream)

    async def complete(self, prompt: Prompt) -> Completion:
        """The model's whole answer to ``prompt``."""
        with current_ledger().spending("upstream"):
            return await self._upstream.complete(prompt, self._mode)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk]:
        """The answer in pieces as they come; the last chunk carries the completion."""
        with current_ledger().spending("upstream"):
            async with aclosing(self._upstream.stream(prompt, self._mode)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def problem(self) -> str | None:
        """Why the upstream cannot be asked now, or None; see :class:`Probe`."""
        return await self._probe.problem()

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._upstream.aclose()
