"""Training examples: in a feature's own form, and as a model is served them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from app.errors import ConfigurationError
from app.features.feature import Example, Feature
from app.features.files import lines_of
from app.gateway import Adapter
from app.gateway.boundary import laid_out

_PART_OF_HELD_OUT: Final = 12  # 1 of so many examples is kept to see when to stop


@dataclass(frozen=True, slots=True)
class Pair:
    """One example as the model is served it."""

    messages: Sequence[dict[str, str]]  # what it is sent, as in OpenAI's chat format
    completion: str  # what it should write
    is_general: bool  # whether the caller has a part in the schema
    is_held_out: bool  # whether it is not trained on, but looked at to see when to stop


def read_pairs(feature: Feature[Any, Any], file: Path, instruction: str | None) -> list[Pair]:
    """The examples of a file, each ``{"input": …, "output": …}`` a line, as in ``examples.jsonl``.

    ``instruction`` is the system text to train with; None for the feature's own. What a request adds
    to it is kept, few-shot examples are dropped: the adapter takes their place.

    Raises:
        ConfigurationError: there is no such file, or a line is no example; it is named.
    """
    try:
        examples = lines_of(file, Example[feature.asks, feature.gives])
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    adapter = Adapter("adapter", instruction=instruction)
    return [_pair(feature, example, adapter) for example in examples]


def _pair(feature: Feature[Any, Any], example: Example[Any, Any], adapter: Adapter) -> Pair:
    prompt = feature.prompt(example.input)
    turns = [{"role": turn.role, "content": laid_out(turn)} for turn in prompt.turns]
    system = {"role": "system", "content": adapter.adapted(prompt.prefix).instruction}
    digest = sha256(feature.render(example.input).encode()).digest()
    is_held_out = not digest[0] % _PART_OF_HELD_OUT
    written = feature.written(example)
    return Pair([system, *turns], written, prompt.prefix.is_callers, is_held_out)


def as_chat_lines(pairs: Sequence[Pair]) -> str:
    """The pairs as OpenAI's, Bedrock's and Hugging Face's chat JSON Lines.

    Reference: https://platform.openai.com/docs/guides/supervised-fine-tuning
    """
    chats = ([*each.messages, {"role": "assistant", "content": each.completion}] for each in pairs)
    return "".join(json.dumps({"messages": chat}, ensure_ascii=False) + "\n" for chat in chats)
