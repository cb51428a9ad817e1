"""``groundwork gate``: may this model, instruction or adapter take the place of that one?"""

import logging
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from app.errors import GroundworkError
from app.evaluation.gate.asking import ServiceEvaluator
from app.evaluation.gate.page import page
from app.evaluation.gate.report import Report, as_json, markdown, table
from app.evaluation.gate.sides import (
    Baseline,
    Evaluator,
    Plan,
    Side,
    check_cases,
    compared,
    evaluated,
    planned,
    read_baseline,
    write_baseline,
)
from app.evaluation.gate.verdicts import Ruling

EXITS: Final[Mapping[Ruling, int]] = {"better": 0, "same": 0, "worse": 1, "undecided": 2}
_COULD_NOT_RUN: Final = 3
_BASELINE: Final = ".json"
_OF_A_SIDE: Final = ("url", "features", "adapters")
_MINUTE: Final = 60
_log = logging.getLogger(__name__)

MakeEvaluator = Callable[[Sequence[str], Path | None, int], Evaluator]
"""An evaluator of features, all if none is named, on a file of cases or their own, repeated."""

_FILE: Any = click.Path(path_type=Path, dir_okay=False)
_FOLDER: Any = click.Path(path_type=Path, file_okay=False, exists=True)


class _Unusable(click.UsageError):
    exit_code = _COULD_NOT_RUN


class GateCommand(click.Command):
    """A command whose exit code is of a verdict, or 3 where there is none."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **extra)
        except click.UsageError as error:
            raise _Unusable(error.message, error.ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (GroundworkError, click.ClickException, OSError) as error:
            click.echo(f"groundwork: {error}", err=True)
        except Exception:  # noqa: BLE001 # left alone, it would exit with 1, as of worse
            _log.exception("groundwork %s failed.", ctx.info_name)
        sys.exit(_COULD_NOT_RUN)


def gate_command(make_evaluator: MakeEvaluator = ServiceEvaluator) -> click.Command:
    """The command, on what asks the cases: the service, in process."""

    @click.command("gate", cls=GateCommand)
    @click.argument("features", nargs=-1, metavar="[FEATURE]...")
    @click.option("--from", "before", required=True, metavar="MODEL|FILE", help="What there is.")
    @click.option("--to", "after", required=True, metavar="MODEL|FILE", help="What is to be.")
    @click.option("--from-url", metavar="URL", help="Address of the model's server.")
    @click.option("--to-url", metavar="URL", help="Address of the model's server.")
    @click.option("--from-features", type=_FOLDER, help="A folder as of GROUNDWORK_FEATURES.")
    @click.option("--to-features", type=_FOLDER, help="A folder as of GROUNDWORK_FEATURES.")
    @click.option("--from-adapters", metavar="ADAPTERS", help="As GROUNDWORK_ADAPTERS.")
    @click.option("--to-adapters", metavar="ADAPTERS", help="As GROUNDWORK_ADAPTERS.")
    @click.option("--cases", type=_FILE, help="Other cases than the feature's own.")
    @click.option("--repeats", type=click.IntRange(1), default=1, help="How often each is asked.")
    @click.option("--json", "json_file", type=_FILE, help="Write all figures and changed cases.")
    @click.option(
        "--markdown", "markdown_file", type=_FILE, help="Write what a pull request shows."
    )
    @click.option("--html", "html_file", type=_FILE, help="Write a page with charts and diffs.")
    @click.option("--write-baseline", type=_FILE, help="Keep what --to answers, for --from.")
    def gate(features: Sequence[str], cases: Path | None, repeats: int, **options: Any) -> None:
        """Compare two models, instructions or adapters on every feature's cases.

        MODEL is what GROUNDWORK_MODEL may be, FILE what --write-baseline wrote (*.json). The verdict
        of each feature is better, same, worse or undecided.

        Exits with 0 if all are better or same, with 1 if one is worse, with 2 if one is undecided and
        none worse, and with 3 if it could not run.
        """
        evaluator = make_evaluator(features, cases, repeats)
        names = options["before"], options["after"]
        sides = [
            _side(name, *(options[f"{side}_{what}"] for what in _OF_A_SIDE))
            for name, side in zip(names, ("from", "to"), strict=True)
        ]
        old, new = ask_both(sides, names, evaluator)
        if keep := options["write_baseline"]:
            write_baseline(keep, new)
        report = compared(old.only(features), new.only(features))
        click.echo(table(report))
        _write(report, options)
        sys.exit(EXITS[report.ruling])

    return gate


def ask_both(
    sides: Sequence[Side | Baseline], names: tuple[str, str], evaluator: Evaluator
) -> Sequence[Baseline]:
    """What two sides answer, one after the other; how much that is, is said beforehand.

    Raises:
        GroundworkError: a side is wrong or cannot be asked, or they have other cases; the names
            are told.
    """
    plans = [planned(side, evaluator) for side in sides]
    check_cases(plans[0].cases, plans[1].cases, names)
    click.echo(_announced(plans), err=True)
    return [evaluated(side, plan, evaluator) for side, plan in zip(sides, plans, strict=True)]


def _side(named: str, *how: Any) -> Side | Baseline:
    return read_baseline(Path(named)) if named.endswith(_BASELINE) else Side(named, *how)


def _announced(plans: Sequence[Plan]) -> str:
    """How much is to be done, and how long it will take as far as that is known."""
    calls, kept = sum(plan.calls for plan in plans), sum(plan.kept for plan in plans)
    seconds = [plan.seconds for plan in plans if plan.calls > plan.kept]
    known = [each for each in seconds if each is not None]
    if not seconds:
        return f"{calls} answers are kept from before; nothing is to be asked."
    of_them = f", and {kept} answers kept from before" if kept else ""
    if len(known) < len(seconds):
        return f"{calls - kept} calls{of_them}; how long, the first of them will tell."
    minutes = math.ceil(sum(known) / _MINUTE)
    return f"{calls - kept} calls{of_them}; at most about {minutes} minute{'s' * (minutes > 1)}."


def _write(report: Report, options: Mapping[str, Any]) -> None:
    if path := options["json_file"]:
        path.write_bytes(as_json(report))
    if path := options["markdown_file"]:
        path.write_text(markdown(report), "utf-8")
    if path := options["html_file"]:
        path.write_text(page(report), "utf-8")


run_gate: Final = gate_command()
