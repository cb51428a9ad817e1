"""``groundwork tune``: an adapter for a feature, out of examples."""

import gc
import math
import sys
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, Final

import click

from app.embedded.machine import default_cache_dir
from app.embedded.models import base_template, find_model, has_chat_template
from app.errors import ConfigurationError
from app.evaluation.command import Evaluating, named_features
from app.settings import load_settings
from app.tuning.acceptance import Acceptance
from app.tuning.data import Pair, as_chat_lines, read_pairs
from app.tuning.report import Recipe, Trained, card_of, curve_of, report_of

_MINUTE: Final = 60


@click.command(cls=Evaluating)
@click.argument("feature")
@click.option(
    "--data",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help='Examples, {"input": …, "output": …} a line; repeatable. Default: the feature\'s own.',
)
@click.option("--base", default="", help="An embedded model's name or a GGUF file.")
@click.option("--instruction", help="System text to train with. Default: the feature's own.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for the adapter."
)
@click.option("--epochs", default=2.0, show_default=True, help="How often each example is seen.")
@click.option("--steps", default=0, help="Most steps; 0: as many as the epochs have.")
@click.option("--rate", default=2e-4, show_default=True, help="Learning rate.")
@click.option("--rank", default=16, show_default=True, help="Rank of the adapter.")
@click.option("--check-every", default=20, show_default=True, help="Steps between two checkpoints.")
@click.option("--seed", default=1, show_default=True, help="Of the order and the first weights.")
@click.option(
    "--accept",
    "place",
    type=click.Path(path_type=Path),
    metavar="LINK",
    help="Have this link point to the adapter if the gate finds it better than what is there.",
)
@click.option(
    "--chat-lines", is_flag=True, help="Only write the examples for others to train with."
)
def tune(
    feature: str,
    files: tuple[Path, ...],
    base: str,
    instruction: str | None,
    out: Path,
    place: Path | None,
    *,
    chat_lines: bool,
    **how: Any,
) -> None:
    """Train an adapter for FEATURE.

    What was begun in the same folder with the same examples goes on where it stopped. The result
    is served by GROUNDWORK_ADAPTERS=FEATURE=FOLDER.

    With --accept, exits with 0 only if the adapter is in place: with 1 if it is worse, with 2 if
    there are too few cases to tell, or it is the same and no cheaper in tokens. Always with 3 if it
    could not run.
    """
    (package,) = named_features([feature], load_settings())
    chosen = package.FEATURE
    paths = files or (chosen.folder / "training.jsonl",)
    pairs = [pair for path in paths for pair in read_pairs(chosen, path, instruction)]
    out.mkdir(parents=True, exist_ok=True)
    if chat_lines:
        (out / "chat.jsonl").write_text(as_chat_lines(pairs), "utf-8")
        click.echo(f"{len(pairs)} examples are in {out / 'chat.jsonl'}.")
        return
    acceptance = Acceptance(chosen, base, out, place) if place else None
    if acceptance:
        acceptance.check()
    told = Trained(
        feature=feature,
        base=find_model(base),
        instruction=instruction or chosen.instruction,
        is_general=any(pair.is_general for pair in pairs),
        recipe=Recipe(**how),
        data={path.name: sha256(path.read_bytes()).hexdigest() for path in paths},
    )
    _train(told, pairs, out)
    if acceptance:
        gc.collect()  # the base, for the engine to have the memory
        sys.exit(acceptance.decide())
    click.echo(f"Serve it with GROUNDWORK_ADAPTERS={feature}={out}")


def _train(told: Trained, pairs: list[Pair], out: Path) -> None:
    bring = import_module("app.embedded.weights").bring  # of the extra `embedded`
    weights: Path = bring(told.base, load_settings().cache_dir or default_cache_dir())
    begun = monotonic()
    trainer = _trainer(weights, pairs, told.recipe, out)
    click.echo(
        f"{trainer.examples} examples of {trainer.tokens} tokens, {trainer.held_out} more held out, "
        f"{trainer.left_out} too long; {trainer.steps} steps, about {trainer.gigabytes} GB of memory."
    )
    _watch(trainer)
    done = replace(
        told,
        examples=(trainer.examples, trainer.held_out, trainer.left_out),
        curve=trainer.curve,
        seconds=monotonic() - begun,
    )
    _write(out, done, trainer, weights)


def _trainer(weights: Path, pairs: list[Pair], recipe: Recipe, out: Path) -> Any:
    """A trainer, if what it is made of is installed."""
    try:
        training = import_module("app.tuning.training")
    except ImportError as error:
        raise ConfigurationError(f"{error}: install groundwork[tune].") from None
    template = None if has_chat_template(weights) else base_template()
    return training.Trainer(weights, pairs, recipe, out, template)


def _watch(trainer: Any) -> None:
    """Train under a progress bar; how long it will take, the first step tells."""
    ahead, begun = trainer.work_left(), monotonic()
    bar = import_module("tqdm").tqdm(total=trainer.steps, initial=trainer.step, unit="step")
    with bar:
        for made, progress in enumerate(trainer.run(), start=1):
            bar.set_postfix_str(f"loss {progress.loss:.3f}")
            bar.update()
            if made == 1:
                left = trainer.work_left()
                minutes = math.ceil((monotonic() - begun) / (ahead - left) * left / _MINUTE)
                bar.write(f"At most about {minutes} minutes.", file=sys.stderr)
            if progress.held_out is not None:
                looked = f"step {progress.step}: held out {progress.held_out:.4f}"
                bar.write(looked, file=sys.stderr)


def _write(out: Path, told: Trained, trainer: Any, weights: Path) -> None:
    """The adapter and what belongs to it."""
    export = import_module("app.tuning.export")
    architecture, alpha = export.architecture_of(weights), 2.0 * told.recipe.rank
    export.write_adapter(
        out / "adapter.gguf", trainer.adapter(), architecture=architecture, alpha=alpha
    )
    (out / "adapter.toml").write_text(card_of(told), "utf-8")
    (out / "report.md").write_text(report_of(told), "utf-8")
    (out / "curve.svg").write_text(curve_of(told), "utf-8")
