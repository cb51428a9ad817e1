"""How an adapter is trained, and how far it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train.

    Attributes:
        rank: of the adapter; its ``alpha`` is twice that.
        rate: learning rate, after a warm-up; down to a tenth by a cosine.
        epochs: how often each example is seen.
        batch: examples a step.
        micro: most tokens at once, as memory allows; one example may have more.
        longest: most tokens of an example; longer ones are left out.
        check_every: steps between two looks at the examples that are held out.
        patience: how many looks in a row may be worse than the best before it ends.
        steps: most steps; 0 for as many as the epochs have.
        seed: of the order and of the adapter's first weights.
    """

    rank: int = 16
    rate: float = 2e-4
    epochs: float = 2
    batch: int = 8
    micro: int = 1_536
    longest: int = 2_048
    check_every: int = 20
    patience: int = 3
    steps: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands after a step; losses are nats for a token of the completions."""

    step: int
    steps: int
    loss: float
    held_out: float | None
