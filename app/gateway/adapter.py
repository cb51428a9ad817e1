"""What a model is asked by that was fine-tuned for a feature (LoRA; Hu et al., arXiv:2106.09685)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.gateway.prompt import PromptPrefix


@dataclass(frozen=True, slots=True)
class Adapter:
    """One base model with an adapter, as a feature's calls name it.

    It was trained without few-shot examples, so that it is shown none.
    """

    name: str | None = None  # in responses and reports; None is the base model alone
    asked: Mapping[str, object] = field(default_factory=dict[str, object])  # chooses it in a body
    instruction: str | None = None  # that it was trained with; None for the feature's own
    is_general: bool = True  # trained with callers' parts in schemas; else the base is asked these

    def adapted(self, prefix: PromptPrefix) -> PromptPrefix:
        """A feature's prefix as the model is sent it."""
        if self.name is None:
            return prefix
        return replace(prefix, instruction=self.instruction or prefix.instruction, shots=())


BASE: Final = Adapter()
