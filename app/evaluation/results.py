"""What came of asking a feature its cases: the value that runner, tables and gate share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case, asked once.

    Attributes:
        id: the case's.
        cluster: names what the case has in common with others, as a document; else its id.
        repeat: which time it was asked, from 0.
        input: the request's body.
        scores: how well each thing that is expected was met, by its name, 0 to 1; all of them 0
            where the service answered with a problem.
        answer: the response's body; None if it is a problem.
        problem: the problem's code, if there is one.
        repaired: whether the model had to be asked again.
        input_tokens, output_tokens, cached_tokens: of all calls; ``cached`` is part of ``input``.
        seconds: from request to response.
        first: seconds to the first event, if it is a stream that went well.
    """

    id: str
    cluster: str
    repeat: int
    input: dict[str, Any]
    scores: dict[str, float]
    answer: dict[str, Any] | None
    problem: str | None = None
    repaired: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0
    first: float | None = None

    @property
    def score(self) -> float:
        """How well the case was met as a whole: the mean of its scores."""
        return sum(self.scores.values()) / len(self.scores)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One feature on one model.

    Attributes:
        feature: its name.
        model: what ``GROUNDWORK_MODEL`` says.
        identity: a hash of everything that can change an answer.
        margin: by how much the mean score may be lower without being worse, 0 to 1.
        outcomes: of the cases, in the order of the file, repeats together.
        metrics: by which metrics each score was made, by the score's name.
        prices: of a million of the model's tokens, ``input``, ``output`` and perhaps ``cached``;
            empty where they are not known.
    """

    feature: str
    model: str
    identity: str
    margin: float
    outcomes: Sequence[Outcome] = field(default_factory=tuple)
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])
    prices: Mapping[str, float] = field(default_factory=dict[str, float])
