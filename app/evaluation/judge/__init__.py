"""Whether an answer meets a criterion, as the model sees it.

It prefers what stands first, so it is asked twice, with the two verdicts in either order.
"""

from operator import eq
from typing import Any, Literal

from pydantic_core import to_json

from app.evaluation.kept import Said
from app.features.feature import Feature
from app.features.routes import router_of
from app.features.wire import Output, Request

_VERDICTS = ("The answer meets the criterion.", "The answer does not meet the criterion.")


class Judgement(Request):
    """An answer, and what it is measured by."""

    request: str
    answer: str
    criterion: str
    swapped: bool = False


class Verdict(Output):
    """Which of the two is true."""

    verdict: Literal["A", "B"]


class _Judge(Feature[Judgement, Verdict]):
    def render(self, request: Judgement) -> str:
        return f"Request: {request.request}\nAnswer: {request.answer}"

    def task(self, request: Judgement) -> str:
        first, second = reversed(_VERDICTS) if request.swapped else _VERDICTS
        return f"Criterion: {request.criterion}\nA: {first}\nB: {second}"


FEATURE = _Judge("judge-of-cases", asks=Judgement, gives=Verdict, max_tokens=32)

ROUTERS = (router_of(FEATURE, "Which of the two is true."),)


def in_both_orders(body: Any, got: Any, criterion: str) -> tuple[Judgement, Judgement]:
    """The question about what was got for a request, and the same with its verdicts swapped."""
    answer = got if isinstance(got, str) else to_json(got).decode()
    asked = Judgement(request=to_json(body).decode(), answer=answer, criterion=criterion)
    return asked, asked.model_copy(update={"swapped": True})


def verdict_of(plain: Said, swapped: Said) -> float:
    """1 if both times the criterion is met, 0.5 if once; no verdict is one that it is not."""
    answers = (plain.answer or {}, swapped.answer or {})
    return sum(map(eq, (answer.get("verdict") for answer in answers), ("A", "B"))) / 2
