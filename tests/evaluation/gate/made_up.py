"""Evaluations that nobody had to wait for."""

from collections.abc import Iterable, Sequence
from random import Random

from app.evaluation.gate.sides import Plan, Side
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


class Staged:
    """Says what it is told to, and remembers whom it asked."""

    def __init__(self, **sides: Sequence[Evaluation]) -> None:
        self.sides = sides
        self.asked: list[str] = []
        self.plans: dict[str, Plan] = {}
        self.hashed = "same"

    def plan(self, side: Side) -> Plan:
        cases = {
            one.feature: {outcome.id: self.hashed for outcome in one.outcomes}
            for one in self.sides[side.model]
        }
        calls = sum(map(len, cases.values()))
        return self.plans.get(side.model, Plan(calls, 0, None, cases))

    def evaluate(self, side: Side) -> Sequence[Evaluation]:
        self.asked.append(str(side))
        return self.sides[side.model]
