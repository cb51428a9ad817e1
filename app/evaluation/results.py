"""What came of asking a feature its cases: the value that runner, tables and gate share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case, asked once."""

    id: str  # the case's
    cluster: str  # names what the case has in common with others, as a document; else its id
    repeat: int  # which time it was asked, from 0
    input: dict[str, Any]
    scores: dict[str, float]  # 0 to 1, by what is expected; of a problem, all of them 0
    answer: dict[str, Any] | None  # the response's body; None if it is a problem
    problem: str | None = None  # its code
    repaired: bool = False  # whether the model had to be asked again
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # a part of ``input_tokens``
    seconds: float = 0  # from request to response
    first: float | None = None  # seconds to the first event, if it is a stream that went well

    @property
    def score(self) -> float:
        """How well the case was met as a whole: the mean of its scores."""
        return fmean(self.scores.values())


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One feature on one model."""

    feature: str
    model: str  # what ``GROUNDWORK_MODEL`` says
    identity: str  # a hash of everything that can change an answer
    margin: float  # by how much the mean score may be lower without being worse, 0 to 1
    outcomes: Sequence[Outcome] = field(default_factory=tuple)  # in the file's order
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])  # by the score's name
    prices: Mapping[str, float] = field(default_factory=dict[str, float])  # as of the setting
