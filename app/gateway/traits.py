"""What is particular about a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What is particular about the model, as data for the features.

    Attributes:
        unknown_above: the probability that the model gives to "no source" above which answers
            say that the documents do not tell; None to take what it says.
        reads: characters of documents that it is shown at most.
    """

    unknown_above: float | None = None
    reads: int = 8_000
