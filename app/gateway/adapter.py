"""What a model is asked by that was fine-tuned for a feature (LoRA; Hu et al., arXiv:2106.09685)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.gateway.prompt import PromptPrefix


@dataclass(frozen=True, slots=True)
class Adapter:
    """One base model with an adapter, as a feature's calls name it.

    Attributes:
        name: what responses and reports call it; None is the base model alone.
        asked: the members of a request's body that choose it.
        instruction: the system text that it was trained with; None for the feature's own. It was
            trained without few-shot examples, so that it is shown none.
        is_general: whether it was trained with schemas in which callers have a part, too; else the
            base model is asked these.
    """

    name: str | None = None
    asked: Mapping[str, object] = field(default_factory=dict[str, object])
    instruction: str | None = None
    is_general: bool = True

    def adapted(self, prefix: PromptPrefix) -> PromptPrefix:
        """A feature's prefix as the model is sent it."""
        if self.name is None:
            return prefix
        return replace(prefix, instruction=self.instruction or prefix.instruction, shots=())


BASE: Final = Adapter()
