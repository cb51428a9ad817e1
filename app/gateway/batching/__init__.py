"""The model server's own batches: many prompts at once, within a day, at half the price."""

from app.gateway.batching.batches import ProviderBatches, unsupported
from app.gateway.batching.stand_ins import Answered, Compiled, Compiling
from app.gateway.batching.values import (
    ANSWER,
    Answer,
    BatchState,
    BatchStatus,
    Ending,
    Outcome,
    key_of,
)

__all__ = [
    "ANSWER",
    "Answer",
    "Answered",
    "BatchState",
    "BatchStatus",
    "Compiled",
    "Compiling",
    "Ending",
    "Outcome",
    "ProviderBatches",
    "key_of",
    "unsupported",
]
