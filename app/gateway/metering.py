"""What a call may cost its caller before it is made, and what it did cost."""

from typing import Final
from weakref import WeakKeyDictionary

from app.callers.limits import Allowance, Reserved
from app.errors import GroundworkError, UpstreamUnreachable
from app.gateway.prompt import Part, Prompt, PromptPrefix, Untrusted, Usage

_MESSAGE_TOKENS: Final = 16  # that a chat template adds to each message
_MARKS_TOKENS: Final = 128  # around text of strangers
_HIDDEN_TOKENS: Final = 512  # that a server adds by itself, to explain tools and the like
_NOTHING: Final = Usage()


class Estimates:
    """Bounds of a prompt's tokens. No tokenizer makes more tokens than there are bytes.

    What a feature's calls have in common is most of a prompt, and is known better: it is no more than
    any whole prompt with it has taken.
    """

    def __init__(self) -> None:
        self._prefixes: WeakKeyDictionary[PromptPrefix, int] = WeakKeyDictionary()

    def most_input(self, prompt: Prompt) -> int:
        """Tokens of the prompt, at most."""
        most = self._prefixes.get(prompt.prefix)
        if most is None:
            most = self._prefixes[prompt.prefix] = _most_of(prompt.prefix)
        for turn in prompt.turns:
            most += _MESSAGE_TOKENS + sum(map(_bytes_of, turn.parts))
        return most

    def learn(self, prompt: Prompt, usage: Usage) -> None:
        """The model server said what a prompt has taken."""
        if usage.input_tokens:
            known = self._prefixes.get(prompt.prefix)
            if known is None or usage.input_tokens < known:
                self._prefixes[prompt.prefix] = usage.input_tokens


def _most_of(prefix: PromptPrefix) -> int:
    texts = [
        prefix.instruction,
        *(text for shot in prefix.shots for text in (shot.user, shot.assistant)),
    ]
    if prefix.schema:
        texts.append(prefix.schema.json)
    return _HIDDEN_TOKENS + sum(_MESSAGE_TOKENS + len(text.encode()) for text in texts)


def _bytes_of(part: Part) -> int:
    if isinstance(part, Untrusted):
        return _MARKS_TOKENS + len(part.text.encode())
    return len(part.encode())


class Bill:
    """One call's tokens: what was reserved for them, and what became known.

    Attributes:
        sent: the call has gone to the model server.
    """

    def __init__(self, allowance: Allowance, reserved: Reserved) -> None:
        self._allowance = allowance
        self._reserved: Reserved | None = reserved
        self._usage: Usage | None = None
        self.sent = False

    def told(self, usage: Usage) -> None:
        """The model server says what it took."""
        if usage.input_tokens or usage.output_tokens:
            self._usage = usage

    def failed(self, error: GroundworkError) -> None:
        """What the server refused, or never got, took nothing."""
        if error.upstream_status is not None or isinstance(error, UpstreamUnreachable):
            self.sent = False

    async def settle(self) -> None:
        """Count what it cost, once; what nobody can know, as it was reserved."""
        reserved, self._reserved = self._reserved, None
        if reserved:
            usage = self._usage if self._usage or self.sent else _NOTHING
            tokens = usage and (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)
            await self._allowance.settle(reserved, tokens)
