"""``groundwork eval``: how well features do their cases, from a terminal."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from app.embedded.machine import default_cache_dir
from app.errors import ConfigurationError, GroundworkError
from app.evaluation.asking import Plan
from app.evaluation.kept import is_model_s_own
from app.evaluation.results import Evaluation
from app.evaluation.running import evaluate
from app.evaluation.tables import as_json, as_junit, as_markdown, as_text
from app.features import FeaturePackage, features_of
from app.features.cases import Case, read_cases
from app.settings import Settings, load_settings

COULD_NOT_RUN: Final = 3
FILE: Final = click.Path(dir_okay=False, path_type=Path)
_log = logging.getLogger(__name__)


class _Unusable(click.UsageError):
    exit_code = COULD_NOT_RUN


class Evaluating(click.Command):
    """A command that exits with 3 where it could not run: 1 and 2 are verdicts."""

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
        sys.exit(COULD_NOT_RUN)


@click.command("eval", cls=Evaluating)
@click.argument("features", nargs=-1, metavar="[FEATURE]...")
@click.option("--model", help="As GROUNDWORK_MODEL.")
@click.option("--base-url", metavar="URL", help="As GROUNDWORK_BASE_URL.")
@click.option("--cases", type=FILE, metavar="FILE", help="Instead of the one feature's own.")
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    help="Cases at once (default: as many as the model's server takes).",
)
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Everything, with answers.")
@click.option("--markdown", type=FILE, metavar="FILE", help="The tables.")
@click.option("--junit", type=FILE, metavar="FILE", help="Cases as tests, for CI.")
@click.option("--stream", is_flag=True, help="Ask for streams: how soon they begin is told, too.")
@click.option("--fresh", is_flag=True, help="Ask again what is kept of earlier runs.")
def run_evaluation(
    features: tuple[str, ...],
    model: str | None,
    base_url: str | None,
    cases: Path | None,
    repeats: int,
    concurrency: int | None,
    json_file: Path | None,
    markdown: Path | None,
    junit: Path | None,
    *,
    stream: bool,
    fresh: bool,
) -> None:
    """Ask features their cases, and print how well they do.

    All features, or those that are named. An answer to the same question of the same model is kept
    and not asked for again. Exits with 3 if it could not run.
    """
    given = {"model": model, "base_url": base_url}
    settings = load_settings(**{name: value for name, value in given.items() if value}).alone()
    packages = named_features(features, settings)
    own = own_cases(packages, cases)
    plan = Plan(repeats, concurrency, results_folder(settings), fresh, stream)
    evaluations = asyncio.run(evaluate(packages, settings, plan, own))
    _see_that_it_ran(evaluations)
    click.echo("\n\n".join(map(as_text, evaluations)))
    if json_file:
        json_file.write_bytes(as_json(evaluations))
    if markdown:
        markdown.write_text("\n\n".join(map(as_markdown, evaluations)) + "\n", "utf-8")
    if junit:
        junit.write_bytes(as_junit(evaluations))


def results_folder(settings: Settings) -> Path:
    """Where answers are kept."""
    return (settings.cache_dir or default_cache_dir()) / "evaluations"


def named_features(names: Sequence[str], settings: Settings) -> list[FeaturePackage]:
    """The features of these names, or all; ``ConfigurationError`` if there is none of one."""
    known = {package.FEATURE.name: package for package in features_of(settings)}
    for name in names:
        if name not in known:
            raise ConfigurationError(f"There is no feature {name}. There are {', '.join(known)}.")
    return [package for name, package in known.items() if name in names or not names]


def own_cases(
    packages: Sequence[FeaturePackage], path: Path | None
) -> dict[str, Sequence[Case]] | None:
    """A file's cases for the one feature, if any; ``ConfigurationError`` if they are wrong."""
    if path is None:
        return None
    if len(packages) != 1:
        raise ConfigurationError("--cases: name the one feature that they are for.")
    feature = packages[0].FEATURE
    try:
        return {feature.name: read_cases(path, feature.takes, feature.metrics)}
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _see_that_it_ran(evaluations: Sequence[Evaluation]) -> None:
    """See that there are cases, and that the model's server answered at least one."""
    for each in evaluations:
        if not each.outcomes:
            raise ConfigurationError(f"{each.feature} has no cases.")
    outcomes = [outcome for each in evaluations for outcome in each.outcomes]
    if all(each.problem and not is_model_s_own(each.problem) for each in outcomes):
        raise ConfigurationError(f"No case was answered: {outcomes[0].problem}.")
