"""How an adapter is trained, and how far it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train."""

    rank: int = 16  # of the adapter; its ``alpha`` is twice that
    rate: float = 2e-4  # learning rate, after a warm-up; down to a tenth by a cosine
    epochs: float = 2  # how often each example is seen
    batch: int = 8  # examples a step
    micro: int = 1_536  # most tokens at once, as memory allows; one example may have more
    longest: int = 2_048  # most tokens of an example; longer ones are left out
    check_every: int = 20  # steps between two looks at the examples that are held out
    patience: int = 3  # looks in a row that may be worse than the best before it ends
    steps: int = 0  # most steps; 0 for as many as the epochs have
    seed: int = 1  # of the order and of the adapter's first weights


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands after a step; losses are nats for a token of the completions."""

    step: int
    steps: int
    loss: float
    held_out: float | None
