"""The ladder of ways to get JSON out of an upstream, and what was found to work.

A server that accepts ``response_format`` and ignores it looks, for a good model, like one that
keeps it. So it is asked once for what no model would say by itself.
"""

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pydantic_core import from_json, to_json

from app.errors import GroundworkError, ModelError, UpstreamRejected
from app.gateway.dialects.dialect import OutputMode
from app.gateway.prompt import OutputSchema, Prompt, PromptPrefix, Turn
from app.gateway.structured import find_json
from app.gateway.upstream import Upstream

log = logging.getLogger(__name__)

_PASSWORD: Final = "heliotrope-4711"  # noqa: S105 # a word that no model says by itself
_QUESTION: Final = Prompt(
    PromptPrefix(
        feature="probe",
        instruction="Answer the question in one word.",
        schema=OutputSchema(
            "probe",
            to_json(
                {
                    "type": "object",
                    "properties": {"word": {"type": "string", "enum": [_PASSWORD]}},
                    "required": ["word"],
                    "additionalProperties": False,
                }
            ).decode(),
        ),
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

    Attributes:
        mode: the way in use.
        findings: what is known of each.
    """

    def __init__(self, modes: Sequence[OutputMode], *, honoured: bool = False) -> None:
        """Start at the strongest; ``honoured``: it is known to work and need not be probed."""
        self.mode = modes[0]
        self.findings = dict.fromkeys(modes, Finding.UNTRIED)
        if honoured:
            self.findings[self.mode] = Finding.HONOURED

    @property
    def is_proven(self) -> bool:
        """Whether the way in use is known to work."""
        return self.mode is OutputMode.PROMPT or self.findings[self.mode] is Finding.HONOURED

    def below(self, mode: OutputMode, error: GroundworkError) -> OutputMode | None:
        """The next way, if ``error`` may mean that the upstream does not know ``mode``."""
        if self.is_proven or not _is_rejection(error):
            return None
        modes = list(self.findings)
        rest = modes[modes.index(mode) + 1 :]
        return rest[0] if rest else None

    def worked(self, mode: OutputMode) -> None:
        """A call succeeded with ``mode`` after the ways above it were rejected."""
        for above in list(self.findings)[: list(self.findings).index(mode)]:
            self.findings[above] = Finding.REJECTED
        self.mode = mode

    async def probe(self, upstream: Upstream) -> None:
        """Find the strongest way that works; asks until the upstream is there to answer."""
        tries = 0
        while not self.is_proven:
            mode = self.mode
            try:
                async with asyncio.timeout(_WAITS_SECONDS):
                    finding = await _ask(upstream, mode)
            except (GroundworkError, TimeoutError):
                await asyncio.sleep(_RETRY_SECONDS[min(tries, len(_RETRY_SECONDS) - 1)])
                tries += 1
                continue
            self._found(mode, finding)

    def _found(self, mode: OutputMode, finding: Finding) -> None:
        """Use what was found of ``mode``; a request may have climbed down from it meanwhile."""
        self.findings[mode] = finding
        if finding is Finding.HONOURED:
            self.mode = mode
        elif mode is self.mode:
            modes = list(self.findings)
            self.mode = modes[modes.index(mode) + 1]
        if finding is not Finding.HONOURED:
            log.warning("%s output is %s by the model server; using %s.", mode, finding, self.mode)


def _is_rejection(error: GroundworkError) -> bool:
    return isinstance(error, UpstreamRejected) and error.upstream_status in _NOT_UNDERSTOOD


async def _ask(upstream: Upstream, mode: OutputMode) -> Finding:
    """Ask the question whose honest answer the schema forbids.

    Raises:
        GroundworkError: the upstream failed, which says nothing of ``mode``.
    """
    try:
        completion = await upstream.complete(_QUESTION, mode)
    except UpstreamRejected as error:
        if _is_rejection(error):
            return Finding.REJECTED
        raise
    except ModelError:
        return Finding.IGNORED  # a model bound by the schema would have ended
    return Finding.HONOURED if _says_password(completion.text) else Finding.IGNORED


def _says_password(text: str) -> bool:
    try:
        return from_json(find_json(text)) == {"word": _PASSWORD}
    except ValueError:
        return False
