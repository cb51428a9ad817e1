"""What a change of settings, such as another base model, does to the features' own cases.

``python -m bench.switch next.env`` asks every case of tickets, answers and translations twice: with
the settings of now (``.env`` and the environment), and with those of ``next.env`` laid over them.
It prints a table of the features and one of the cases that got better or worse.

A case scores 0 to 100: of a ticket, the share of fields that are as expected; of an answer, whether
it has every fact, or says that it does not know where it should; of a translation, sentence chrF2.
A case that the server, not the model, failed at (a deadline, no connection) is told and left out.
The prompts were tuned on these cases with the embedded model, so that a figure says nothing of how
good a model is on text of yours: it says what changes.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from statistics import mean
from typing import Any, Final

import sacrebleu
from dotenv import dotenv_values

from app.errors import ConfigurationError, GroundworkError, ModelError
from app.features import answers, tickets, translations
from app.features.answers.answering import answer
from app.features.answers.desk import Desk
from app.features.answers.task import AnswerTask
from app.features.feature import Case
from app.features.tickets.letter import Letter
from app.features.tickets.schemas import TicketOptions
from app.features.tickets.triage import triage
from app.features.translations.schemas import TranslationRequest, TranslationUnit
from app.features.translations.translating import translate
from app.gateway import ModelGateway, Prompt, PromptPrefix, Turn
from app.knowledge.library import Library
from app.provision import make_engine, make_gateway
from app.records import Records
from app.settings import Settings, load_settings
from app.knowledge.vocabulary import Vocabulary
from tests.quality.test_floors import is_hit, request_of

START_SECONDS: Final = 300
_NOTABLE: Final = 10.0  # points; less in a translation is another wording
_SHOWN: Final = 70  # characters of what was said


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case.

    Attributes:
        score: 0 to 100.
        said: what to show of it: the output, or what is wrong with it.
    """

    score: float
    said: str


Judge = Callable[[Any, ModelGateway], Awaitable[Outcome]]


async def ticket(case: Case[Letter], gateway: ModelGateway) -> Outcome:
    made = await triage(case.input, TicketOptions(), gateway, Vocabulary())
    said = {field: getattr(made, field) for field in case.expected}
    wrong = [f"{field} {said[field]}" for field in said if said[field] != case.expected[field]]
    return Outcome(100 - 100 * len(wrong) / len(said), ", ".join(wrong) or "all as expected")


async def answered(case: Case[AnswerTask], gateway: ModelGateway) -> Outcome:
    made = await answer(request_of(case.input), Desk(gateway, Library(), Records(None, None)))
    right = is_hit(case, made) if case.expected["answerable"] else made.is_uncertain
    return Outcome(100.0 * right, made.answer)


async def translation(case: Case[TranslationUnit], gateway: ModelGateway) -> Outcome:
    request = TranslationRequest(text=[case.input.text], target_lang=case.input.target_lang)
    made = await translate(translations.FEATURE, request, gateway, Vocabulary())
    said = made.translations[0].text or ""
    return Outcome(sacrebleu.sentence_chrf(said, [str(case.expected["text"])]).score, said)


FEATURES: Final[Mapping[str, tuple[Sequence[Case[Any]], Judge]]] = {
    "tickets": (tickets.FEATURE.cases, ticket),
    "answers": (answers.FEATURE.cases, answered),
    "translations": (translations.FEATURE.cases, translation),
}
Outcomes = Mapping[str, Outcome]
Run = Mapping[str, Outcomes]

_GREETING: Final = Prompt(
    PromptPrefix(feature="switch", instruction="Answer in one word.", max_tokens=16),
    (Turn("user", ("What is the capital of France?",)),),
)


async def ask_all(gateway: ModelGateway, names: Sequence[str]) -> Run:
    """The outcomes, by feature and case; one after the other, as in ``make quality``."""
    async with aclosing(gateway):
        await _greet(gateway)
        await gateway.find_output_mode()
        return {name: await _outcomes(*FEATURES[name], gateway) for name in names}


async def _greet(gateway: ModelGateway) -> None:
    """Ask something, since a server that rejects every call would make a table of nothing.

    Raises:
        ConfigurationError: the server is not there, or rejects the call.
    """
    if reason := await gateway.problem():
        raise ConfigurationError(reason)
    try:
        with suppress(ModelError):
            await gateway.complete(_GREETING)
    except GroundworkError as error:
        raise ConfigurationError(error.detail) from error


async def _outcomes(cases: Sequence[Case[Any]], judge: Judge, gateway: ModelGateway) -> Outcomes:
    """What became of the cases; without those whose failure says nothing of the model."""
    made: dict[str, Outcome] = {}
    for case in cases:
        try:
            made[case.id] = await judge(case, gateway)
        except ModelError as error:
            made[case.id] = Outcome(0, error.code)
        except GroundworkError as error:
            print(f"{case.id}: {error.code}", file=sys.stderr)
    return made


def run(settings: Settings, names: Sequence[str]) -> Run:
    """All cases with ``settings``; starts the embedded engine if they ask for it.

    Raises:
        ConfigurationError: the model server cannot be asked.
    """
    engine = make_engine(settings)
    if engine is None:
        return asyncio.run(ask_all(make_gateway(settings, None), names))
    engine.start()
    try:
        if not engine.wait(START_SECONDS):
            raise ConfigurationError(engine.problem() or "The embedded model is not ready.")
        return asyncio.run(ask_all(make_gateway(settings, engine), names))
    finally:
        engine.stop()


def table(before: Run, after: Run) -> Iterator[str]:
    """Both tables, line by line; of cases that both models were asked."""
    yield "| Feature | cases compared | now | next | better | worse |"
    yield "|---|---:|---:|---:|---:|---:|"
    changed: list[str] = []
    for name, outcomes in before.items():
        pairs = {c: (old, after[name][c]) for c, old in outcomes.items() if c in after[name]}
        gains = {case: new.score - old.score for case, (old, new) in pairs.items()}
        now, following = (_mean([pair[side].score for pair in pairs.values()]) for side in (0, 1))
        better = sum(gain >= _NOTABLE for gain in gains.values())
        worse = sum(gain <= -_NOTABLE for gain in gains.values())
        compared = f"{len(pairs)} of {len(FEATURES[name][0])}"
        yield f"| {name} | {compared} | {now} | {following} | {better} | {worse} |"
        changed += [
            _row(f"{name} {case}", *pairs[case])
            for case, gain in sorted(gains.items(), key=lambda item: item[1])
            if abs(gain) >= _NOTABLE
        ]
    if changed:
        yield from ("", "| Case | now | next | said now | said next |", "|---|---:|---:|---|---|")
        yield from changed


def _mean(scores: Sequence[float]) -> str:
    return f"{mean(scores):.1f}" if scores else "none"


def _row(name: str, old: Outcome, new: Outcome) -> str:
    return f"| {name} | {old.score:.0f} | {new.score:.0f} | {_cell(old)} | {_cell(new)} |"


def _cell(outcome: Outcome) -> str:
    text = " ".join(outcome.said.split()).replace("|", "\\|")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def lay_over(path: str) -> None:
    """Put the settings of a file into the environment, which comes before ``.env``.

    Raises:
        ConfigurationError: there are none.
    """
    laid_over = dotenv_values(path)
    if not laid_over:
        raise ConfigurationError(f"{path} has no settings.")
    os.environ.update({name: value or "" for name, value in laid_over.items()})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.switch")
    parser.add_argument("next", help="file of settings, as .env, laid over those of now")
    parser.add_argument("--only", choices=FEATURES, help="one feature")
    options = parser.parse_args()
    names = [options.only] if options.only else list(FEATURES)
    try:
        settings = load_settings()
        lay_over(options.next)
        changed = load_settings()
        print(f"now: {settings.model}, next: {changed.model}\n", flush=True)
        print("\n".join(table(run(settings, names), run(changed, names))))
    except ConfigurationError as error:
        sys.exit(f"bench: {error.detail}")


if __name__ == "__main__":
    main()
