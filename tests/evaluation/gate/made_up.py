"""Evaluations that nobody had to wait for."""

from collections.abc import Iterable, Sequence
from random import Random

from app.evaluation.gate.asking import Evaluator
from app.evaluation.gate.sides import Baseline, Plan, Side
from app.evaluation.results import Evaluation, Outcome

MARGIN = 0.05


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 # nothing here is secret


def outcome(number: int, score: float, **fields: object) -> Outcome:
    name = f"c-{number:03}"
    told: dict[str, object] = {
        "id": name,
        "cluster": name,
        "repeat": 0,
        "input": {"text": f"Question {number}"},
        "scores": {"right": score},
        "answer": {"text": f"Answer of {score}"},
    }
    return Outcome(**told | fields)  # pyright: ignore[reportArgumentType]


def evaluation(
    scores: Iterable[float], feature: str = "tickets", margin: float = MARGIN
) -> Evaluation:
    outcomes = [outcome(number, score) for number, score in enumerate(scores)]
    return Evaluation(feature, "any", "hash", margin, outcomes)


def asking(calls: int, seconds: float | None, of: str) -> dict[str, float | None]:
    """So many questions, which take so long each."""
    return {f"{of} {number}": seconds for number in range(calls)}


class Staged(Evaluator):
    """Says what it is told to, and remembers whom it asked."""

    def __init__(self, **sides: Sequence[Evaluation]) -> None:
        super().__init__((), None, 1)
        self.sides = sides
        self.asked: list[str] = []
        self.plans: dict[str, Plan] = {}
        self.hashed = "same"

    def plan(self, side: Side | Baseline) -> Plan:
        if isinstance(side, Baseline):
            return super().plan(side)
        cases = {
            one.feature: {outcome.id: self.hashed for outcome in one.outcomes}
            for one in self.sides[side.model]
        }
        calls = sum(map(len, cases.values()))
        unknown = asking(calls, None, of=side.model)
        return self.plans.get(side.model, Plan(calls, unknown, cases))

    def evaluate(self, side: Side) -> Sequence[Evaluation]:
        self.asked.append(str(side))
        return self.sides[side.model]
