"""From cases to an evaluation: asks them and scores what is answered."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from app.evaluation import judge
from app.evaluation.asking import Asker, Plan, Question
from app.evaluation.kept import Said
from app.evaluation.results import Evaluation, Outcome
from app.features import FeaturePackage
from app.features.cases import Case, clusters_of, value_at
from app.settings import Settings

_JUDGE: Final = judge.FEATURE.name


async def evaluate(
    packages: Sequence[FeaturePackage],
    settings: Settings,
    plan: Plan,
    cases: Mapping[str, Sequence[Case]] | None = None,
) -> list[Evaluation]:
    """What comes of the features' cases on the model that the settings name.

    Args:
        packages: the features.
        settings: the service's.
        plan: how to ask.
        cases: by the feature's name; by default its own.

    Raises:
        ConfigurationError: the service does not start, or a case is wrong in a way that shows only
            when it is asked.
    """
    asked = {
        package.FEATURE: (cases or {}).get(package.FEATURE.name, package.FEATURE.cases)
        for package in packages
    }
    questions = {
        feature: [
            (case, Question(feature.name, case.input, repeat, case.id))
            for case in each
            for repeat in range(plan.repeats)
        ]
        for feature, each in asked.items()
    }
    every = [pair for each in questions.values() for pair in each]
    async with AsyncExitStack() as stack:
        asker = Asker([*packages, judge], settings, plan, stack)
        await asker.ask([question for _, question in every])
        judged = [two for pair in every for two in _judgements(*pair, asker).values()]
        await asker.ask([question for two in judged for question in two])
        return [
            Evaluation(
                feature=feature.name,
                model=settings.model,
                identity=asker.identities[feature.name],
                margin=feature.margin,
                outcomes=_outcomes(questions[feature], each, asker),
                metrics=_metrics(each),
            )
            for feature, each in asked.items()
        ]


def outcome_of(
    case: Case, said: Said, *, cluster: str = "", repeat: int = 0, judged: Mapping[str, float] = {}
) -> Outcome:
    """What came of a case, scored.

    Args:
        case: it.
        said: what the service answered.
        cluster: what it has in common with others; by default its id.
        repeat: which time it was asked.
        judged: the model's verdicts, by path.

    Raises:
        ConfigurationError: the response does not have what the case expects something of.
    """
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
    )


def _outcomes(
    questions: Sequence[tuple[Case, Question]], cases: Sequence[Case], asker: Asker
) -> list[Outcome]:
    clusters = dict(zip((case.id for case in cases), clusters_of(cases), strict=True))
    return [
        outcome_of(
            case,
            asker.said(question),
            cluster=clusters[case.id],
            repeat=question.repeat,
            judged={
                path: judge.verdict_of(*map(asker.said, two))
                for path, two in _judgements(case, question, asker).items()
            },
        )
        for case, question in questions
    ]


def _judgements(
    case: Case, question: Question, asker: Asker
) -> dict[str, tuple[Question, Question]]:
    """What the model has to judge of an answer, by path: in both orders."""
    answer = asker.said(question).answer
    if answer is None:
        return {}
    found = dict[str, tuple[Question, Question]]()
    for each in case.expected:
        if each.criterion:
            got = value_at(answer, each.path)
            one, other = (
                Question(_JUDGE, judgement.model_dump(), question.repeat, case.id)
                for judgement in judge.in_both_orders(case.input, got, each.criterion)
            )
            found[each.path] = one, other
    return found


def _metrics(cases: Sequence[Case]) -> dict[str, str]:
    """The metrics of each path, by their names."""
    found: dict[str, dict[str, None]] = {}
    for case in cases:
        for each in case.expected:
            found.setdefault(each.path, {}).update(dict.fromkeys(each.metrics))
    return {path: ", ".join(names) for path, names in found.items()}
