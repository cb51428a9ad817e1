"""How an adapter is trained, and what a training leaves beside it: a card, a report, a curve."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic_core import to_json

from app.embedded.models import Model

_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 240" role="img">
<title>Loss by step: {title}</title>
<style>text{{font:12px sans-serif;fill:#667}} polyline{{fill:none;stroke-width:2}}</style>
<polyline stroke="#9ab" points="{trained}"/><polyline stroke="#c40" points="{held_out}"/>
<text x="40" y="16">trained (grey) and held out (red), nats a token; top {top:.2f}</text>
<text x="40" y="220">0</text><text x="560" y="220">step {steps}</text>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train."""

    rank: int = 16  # of the adapter; its ``alpha`` is twice that
    rate: float = 2e-4  # learning rate, after a warm-up; down to a tenth by a cosine
    epochs: float = 2  # how often each example is seen
    batch: int = 8  # examples a step
    micro: int = 1_536  # most tokens at once, as memory allows; one example may have more
    longest: int = 2_048  # most tokens of an example; longer ones are left out
    check_every: int = 20  # steps between two looks at the examples that are held out
    patience: int = 3  # looks in a row that may be worse than the best before it ends
    steps: int = 0  # most steps; 0 for as many as the epochs have
    seed: int = 1  # of the order and of the adapter's first weights


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands after a step; losses are nats for a token of the completions."""

    step: int
    steps: int
    loss: float
    held_out: float | None


@dataclass(frozen=True, slots=True)
class Trained:
    """A training; what comes of it is there at its end."""

    feature: str
    base: Model
    instruction: str
    is_general: bool  # whether some examples have schemas in which callers have a part
    recipe: Recipe
    data: dict[str, str]  # name and SHA-256 of each file
    examples: tuple[int, int, int] = (0, 0, 0)  # trained on, held out, left out as too long
    curve: Sequence[Progress] = ()  # each step
    seconds: float = 0  # that it took, interruptions not counted


def card_of(trained: Trained) -> str:
    """``adapter.toml``."""
    told = {
        "feature": trained.feature,
        "base": trained.base.name,
        "instruction": trained.instruction,
        "is_general": trained.is_general,
    }
    return "".join(f"{name} = {to_json(value).decode()}\n" for name, value in told.items())


def report_of(trained: Trained) -> str:
    """``report.md``."""
    looks = [each for each in trained.curve if each.held_out is not None]
    best = min(looks, key=lambda each: each.held_out or 0, default=None)
    rows: dict[str, Any] = {
        "base": f"{trained.base.name} ({trained.base.licence or 'an own file'})",
        "SHA-256 of the base": trained.base.sha256 or "not known",
        **{f"data {name}": f"SHA-256 {digest}" for name, digest in trained.data.items()},
        "examples": "{} trained on, {} held out, {} left out as too long".format(*trained.examples),
        "loss, held out": f"{best.held_out:.3f} at step {best.step}" if best else "not looked at",
        "minutes": f"{trained.seconds / 60:.0f}",
        **asdict(trained.recipe),
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    return (
        f"# Adapter for {trained.feature} on {trained.base.name}\n\n| | |\n|---|---|\n{table}\n"
        "![Loss by step](curve.svg)\n"
    )


def curve_of(trained: Trained) -> str:
    """``curve.svg``: losses of what was trained on and of what was held out."""
    losses = [(each.step, each.loss) for each in trained.curve]
    looks = [(each.step, each.held_out) for each in trained.curve if each.held_out is not None]
    steps = max((each.steps for each in trained.curve), default=1)
    top = max((loss for _, loss in losses), default=1.0)

    def points(of: Sequence[tuple[int, float]]) -> str:
        return " ".join(
            f"{40 + 560 * step / steps:.1f},{200 - 160 * loss / top:.1f}" for step, loss in of
        )

    return _SVG.format(
        title=f"{trained.feature} on {trained.base.name}",
        trained=points(losses),
        held_out=points(looks),
        steps=steps,
        top=top,
    )
