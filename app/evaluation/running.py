"""From cases to an evaluation: asks them and scores what is answered."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from app.evaluation import judge
from app.evaluation.asking import Asker, Plan, Question
from app.evaluation.kept import Said
from app.evaluation.results import Evaluation, Outcome
from app.features import FeaturePackage
from app.features.cases import Case, clusters_of, value_at
from app.features.feature import Feature
from app.settings import Settings


async def evaluate(
    packages: Sequence[FeaturePackage],
    settings: Settings,
    plan: Plan,
    cases: Mapping[str, Sequence[Case]] | None = None,
) -> list[Evaluation]:
    """What comes of the features' cases (by name; by default its own) on the settings' model.

    Raises:
        ConfigurationError: the service does not start, or a case is wrong in a way that shows only
            when it is asked.
    """
    questions = {
        each.FEATURE: _questions(each, (cases or {}).get(each.FEATURE.name), plan)
        for each in packages
    }
    every = [question for each in questions.values() for question in each]
    async with AsyncExitStack() as stack:
        asker = Asker([*packages, judge], settings, plan, stack)
        await asker.ask(every)
        judged = [two for each in every for two in _judgements(each, asker).values()]
        await asker.ask([question for two in judged for question in two])
    return [_evaluation(feature, each, settings, asker) for feature, each in questions.items()]


def outcome_of(
    case: Case, said: Said, *, cluster: str = "", repeat: int = 0, judged: Mapping[str, float] = {}
) -> Outcome:
    """What came of a case, scored; ``judged`` are the model's verdicts, by path."""
    usage: dict[str, int] = (said.answer or {}).get("usage", {})
    return Outcome(
        id=case.id,
        cluster=cluster or case.id,
        repeat=repeat,
        input=case.input,
        scores={
            each.path: each.score(said.answer, said.problem, judged.get(each.path, 0.0))
            for each in case.expected
        },
        answer=said.answer,
        problem=said.problem,
        repaired=said.repaired,
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cached_tokens=usage.get("cached_input_tokens", 0),
        seconds=said.seconds,
        first=said.first,
    )


def _questions(package: FeaturePackage, cases: Sequence[Case] | None, plan: Plan) -> list[Question]:
    feature, path = package.FEATURE, f"/{package.FEATURE.name}/stream"
    paths = {getattr(route, "path", "") for router in package.ROUTERS for route in router.routes}
    return [
        Question(feature.name, case.input, repeat, case, plan.stream and path in paths)
        for case in (feature.cases if cases is None else cases)
        for repeat in range(plan.repeats)
    ]


def _evaluation(
    feature: Feature[Any, Any], questions: Sequence[Question], settings: Settings, asker: Asker
) -> Evaluation:
    cases = [each.case for each in questions if each.repeat == 0]
    clusters = dict(zip((case.id for case in cases), clusters_of(cases), strict=True))
    outcomes = [
        outcome_of(
            each.case,
            asker.said(each),
            cluster=clusters[each.case.id],
            repeat=each.repeat,
            judged={
                path: judge.verdict_of(*map(asker.said, two))
                for path, two in _judgements(each, asker).items()
            },
        )
        for each in questions
    ]
    return Evaluation(
        feature=feature.name,
        model=settings.model,
        identity=asker.identities[feature.name],
        margin=feature.margin,
        outcomes=outcomes,
        metrics=_metrics(cases),
        prices=settings.prices,
    )


def _judgements(question: Question, asker: Asker) -> dict[str, list[Question]]:
    """What the model has to judge of an answer, by path: in both orders."""
    case, answer = question.case, asker.said(question).answer
    return {
        each.path: [
            Question(judge.FEATURE.name, judgement.model_dump(), question.repeat, case)
            for judgement in judge.in_both_orders(
                case.input, value_at(answer, each.path), each.criterion
            )
        ]
        for each in case.expected
        if each.criterion and answer is not None
    }


def _metrics(cases: Sequence[Case]) -> dict[str, str]:
    """The metrics of each path, by their names."""
    found: dict[str, dict[str, None]] = {}
    for case in cases:
        for each in case.expected:
            found.setdefault(each.path, {}).update(dict.fromkeys(each.metrics))
    return {path: ", ".join(names) for path, names in found.items()}
