"""``groundwork gate``: may this model, instruction or adapter take the place of that one?"""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from app.evaluation.command import FILE, Evaluating
from app.evaluation.gate.asking import Evaluator
from app.evaluation.gate.page import page
from app.evaluation.gate.report import as_json, markdown, table
from app.evaluation.gate.sides import (
    Baseline,
    Plan,
    Side,
    check_cases,
    compared,
    read_baseline,
    write_baseline,
)
from app.evaluation.gate.verdicts import Ruling

EXITS: Final[Mapping[Ruling, int]] = {"better": 0, "same": 0, "worse": 1, "undecided": 2}
_BASELINE: Final = ".json"
_OF_A_SIDE: Final = ("url", "features", "adapters")
_MINUTE: Final = 60

_FOLDER: Any = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command("gate", cls=Evaluating)
@click.argument("features", nargs=-1, metavar="[FEATURE]...")
@click.option("--from", "before", required=True, metavar="MODEL|FILE", help="What there is.")
@click.option("--to", "after", required=True, metavar="MODEL|FILE", help="What is to be.")
@click.option("--from-url", metavar="URL", help="Address of the model's server.")
@click.option("--to-url", metavar="URL", help="Address of the model's server.")
@click.option("--from-features", type=_FOLDER, help="A folder as of GROUNDWORK_FEATURES.")
@click.option("--to-features", type=_FOLDER, help="A folder as of GROUNDWORK_FEATURES.")
@click.option("--from-adapters", metavar="ADAPTERS", help="As GROUNDWORK_ADAPTERS.")
@click.option("--to-adapters", metavar="ADAPTERS", help="As GROUNDWORK_ADAPTERS.")
@click.option("--cases", type=FILE, help="Other cases than the feature's own.")
@click.option("--repeats", type=click.IntRange(1), default=1, help="How often each is asked.")
@click.option("--json", "json_file", type=FILE, help="Write all figures and changed cases.")
@click.option("--markdown", "markdown_file", type=FILE, help="Write what a pull request shows.")
@click.option("--html", "html_file", type=FILE, help="Write a page with charts and diffs.")
@click.option("--write-baseline", type=FILE, help="Keep what --to answers, for --from.")
def run_gate(features: Sequence[str], cases: Path | None, repeats: int, **options: Any) -> None:
    """Compare two models, instructions or adapters on every feature's cases.

    MODEL is what GROUNDWORK_MODEL may be, FILE what --write-baseline wrote (*.json). The verdict
    of each feature is better, same, worse or undecided.

    Exits with 0 if all are better or same, with 1 if one is worse, with 2 if one is undecided and
    none worse, and with 3 if it could not run.
    """
    names = options["before"], options["after"]
    sides = [
        _side(name, *(options[f"{side}_{what}"] for what in _OF_A_SIDE))
        for name, side in zip(names, ("from", "to"), strict=True)
    ]
    old, new = ask_both(sides, names, Evaluator(features, cases, repeats))
    if keep := options["write_baseline"]:
        write_baseline(keep, new)
    report = compared(old.only(features), new.only(features))
    click.echo(table(report))
    if path := options["json_file"]:
        path.write_bytes(as_json(report))
    if path := options["markdown_file"]:
        path.write_text(markdown(report), "utf-8")
    if path := options["html_file"]:
        path.write_text(page(report), "utf-8")
    sys.exit(EXITS[report.ruling])


def ask_both(
    sides: Sequence[Side | Baseline], names: tuple[str, str], evaluator: Evaluator
) -> Sequence[Baseline]:
    """What two sides answer, one after the other; how much that is, is said beforehand."""
    plans = [evaluator.plan(side) for side in sides]
    check_cases(plans[0].cases, plans[1].cases, names)
    click.echo(_announced(plans), err=True)
    return [*map(evaluator.answers, sides, plans)]


def _side(named: str, *how: Any) -> Side | Baseline:
    return read_baseline(Path(named)) if named.endswith(_BASELINE) else Side(named, *how)


def _announced(plans: Sequence[Plan]) -> str:
    """How much is to be done, and how long it will take as far as that is known.

    What both sides ask of the same model in the same words is asked once.
    """
    answers = sum(plan.calls for plan in plans)
    seconds = {key: each for plan in plans for key, each in plan.open.items()}
    if not seconds:
        return f"{answers} answers are kept from before; nothing is to be asked."
    known = [each for each in seconds.values() if each is not None]
    made = f"{len(seconds)} calls for {answers} answers"
    if len(known) < len(seconds):
        return f"{made}; how long, the first of them will tell."
    minutes = math.ceil(sum(known) / _MINUTE)
    return f"{made}; at most about {minutes} minute{'s' * (minutes > 1)}."
