"""The ladder of ways to ask an upstream, above all for JSON, and what was found to work.

A server that accepts ``response_format`` and ignores it looks, for a good model, like one that
keeps it. So it is asked once for what no model would say by itself.
"""

import asyncio
import logging
from enum import StrEnum
from itertools import chain, repeat, takewhile
from typing import Final

from pydantic_core import to_json

from app.errors import GroundworkError, ModelError, UpstreamRejected
from app.gateway.dialects.dialect import Dialect, OutputMode, Way
from app.gateway.prompt import OutputSchema, Prompt, PromptPrefix, Turn
from app.gateway.upstream import Upstream

log = logging.getLogger(__name__)

_PASSWORD: Final = "heliotrope-4711"  # noqa: S105 # a word that no model says by itself
_SCHEMA: Final = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": [_PASSWORD]}},
    "required": ["word"],
    "additionalProperties": False,
}
_QUESTION: Final = Prompt(
    PromptPrefix(
        feature="probe",
        instruction="Answer the question in one word.",
        schema=OutputSchema("probe", to_json(_SCHEMA).decode()),
        max_tokens=64,
    ),
    (Turn("user", ("What is the capital of France?",)),),
)
_NOT_UNDERSTOOD: Final = frozenset({400, 422})
_RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
_WAITS_SECONDS: Final = 60.0


class Finding(StrEnum):
    """What an upstream makes of one way to ask for JSON."""

    UNTRIED = "untried"
    HONOURED = "honoured"
    IGNORED = "ignored"
    REJECTED = "rejected"


class Ladder:
    """An upstream's ways to ask for JSON, strongest first; the last needs no help of its.

    Token probabilities are asked for until a call is rejected that is taken without.
    """

    def __init__(self, dialect: Dialect, *, honoured: bool) -> None:
        """Start at the strongest; ``honoured``: all that the dialect has is known to work."""
        self.mode = dialect.modes[0]  # the way in use
        self.findings = dict.fromkeys(dialect.modes, Finding.UNTRIED)
        self._probabilities = None if dialect.tells_probabilities else False  # None: not known
        if honoured:
            self.findings[self.mode] = Finding.HONOURED
            self._probabilities = dialect.tells_probabilities

    @property
    def is_proven(self) -> bool:
        """Whether the way in use is known to work."""
        return self.mode is OutputMode.PROMPT or self.findings[self.mode] is Finding.HONOURED

    def knows(self, prefix: PromptPrefix) -> bool:
        """Whether it is known that a prompt can be put the way that is in use."""
        knows_form = prefix.schema is None or self.is_proven
        return knows_form and (not prefix.alternatives or self._probabilities is not None)

    def way(self, prefix: PromptPrefix, mode: OutputMode | None = None) -> Way:
        """How to put a prompt now, in the mode that is in use or another."""
        asks = prefix.alternatives > 0 and self._probabilities is not False
        return Way(mode or self.mode, asks)

    def below(self, way: Way, prefix: PromptPrefix, error: GroundworkError) -> Way | None:
        """The next way, if ``error`` may mean that the upstream does not know this one."""
        if not _is_rejection(error):
            return None
        if way.probabilities and self._probabilities is None:
            return Way(way.mode)
        if prefix.schema is None or self.is_proven or way.mode is OutputMode.PROMPT:
            return None
        return self.way(prefix, self._under(way.mode))

    def worked(self, way: Way, prefix: PromptPrefix) -> None:
        """A call succeeded, after the ways above its own were rejected."""
        if way.probabilities:
            self._probabilities = True
        elif prefix.alternatives and self._probabilities is None:
            self._probabilities = False
            log.warning("Token probabilities are rejected by the model server.")
        if way.mode is not self.mode and not self.is_proven:
            for above in takewhile(lambda mode: mode is not way.mode, self.findings):
                self.findings[above] = Finding.REJECTED
            self.mode = way.mode

    def _under(self, mode: OutputMode) -> OutputMode:
        modes = list(self.findings)
        return modes[modes.index(mode) + 1]

    async def probe(self, upstream: Upstream) -> None:
        """Find the strongest way that works; asks until the upstream is there to answer."""
        pauses = chain(_RETRY_SECONDS, repeat(_RETRY_SECONDS[-1]))
        while not self.is_proven:
            mode = self.mode
            try:
                async with asyncio.timeout(_WAITS_SECONDS):
                    self._found(mode, await _ask(upstream, mode))
            except (GroundworkError, TimeoutError):  # which says nothing of the mode
                await asyncio.sleep(next(pauses))

    def _found(self, mode: OutputMode, finding: Finding) -> None:
        """Use what was found of ``mode``; a request may have climbed down from it meanwhile."""
        self.findings[mode] = finding
        if finding is Finding.HONOURED:
            self.mode = mode
            return
        if mode is self.mode:
            self.mode = self._under(mode)
        log.warning("%s output is %s by the model server; using %s.", mode, finding, self.mode)


def _is_rejection(error: GroundworkError) -> bool:
    return isinstance(error, UpstreamRejected) and error.upstream_status in _NOT_UNDERSTOOD


async def _ask(upstream: Upstream, mode: OutputMode) -> Finding:
    """Ask the question whose honest answer the schema forbids."""
    text = ""
    try:
        async for chunk in upstream.ask(_QUESTION, Way(mode), stream=False):
            text = chunk.completion.text if chunk.completion else ""
    except UpstreamRejected as error:
        if _is_rejection(error):
            return Finding.REJECTED
        raise
    except ModelError:
        return Finding.IGNORED  # a model bound by the schema would have ended
    return Finding.HONOURED if _PASSWORD in text else Finding.IGNORED
