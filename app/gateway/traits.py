"""What is particular about a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What is particular about the model, as data for the features.

    Above a probability of "no source" of ``unknown_above``, answers say that the documents do not tell;
    None to take what it says.
    """

    unknown_above: float | None = None
    reads: int = 8_000  # characters of documents that it is shown at most
