"""What a training leaves beside the adapter: its card, a report and the curve of its losses."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic_core import to_json

from app.embedded.models import Model
from app.tuning.recipe import Progress, Recipe

_WIDTH, _HEIGHT, _EDGE = 640, 240, 40
_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>Loss by step: {title}</title>
<style>text{{font:12px sans-serif;fill:#667}} polyline{{fill:none;stroke-width:2}}</style>
<polyline stroke="#9ab" points="{trained}"/><polyline stroke="#c40" points="{held_out}"/>
<text x="{edge}" y="16">trained (grey) and held out (red), nats a token; top {top:.2f}</text>
<text x="{edge}" y="{bottom}">0</text><text x="{right}" y="{bottom}">step {steps}</text>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Trained:
    """A training; what comes of it is there at its end.

    Attributes:
        feature: whose.
        base: the model.
        instruction: the system text.
        is_general: whether some examples have schemas in which callers have a part.
        recipe: how.
        data: name and SHA-256 of each file.
        examples: how many were trained on, held out, and left out as too long.
        curve: each step.
        seconds: that it took, interruptions not counted.
    """

    feature: str
    base: Model
    instruction: str
    is_general: bool
    recipe: Recipe
    data: dict[str, str]
    examples: tuple[int, int, int] = (0, 0, 0)
    curve: Sequence[Progress] = ()
    seconds: float = 0


def card_of(trained: Trained) -> str:
    """``adapter.toml``."""
    return "".join(
        f"{name} = {to_json(value).decode()}\n"
        for name, value in (
            ("feature", trained.feature),
            ("base", trained.base.name),
            ("instruction", trained.instruction),
            ("is_general", trained.is_general),
        )
    )


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
            f"{_EDGE + step / steps * (_WIDTH - 2 * _EDGE):.1f},"
            f"{_HEIGHT - _EDGE - loss / top * (_HEIGHT - 2 * _EDGE):.1f}"
            for step, loss in of
        )

    return _SVG.format(
        width=_WIDTH,
        height=_HEIGHT,
        edge=_EDGE,
        bottom=_HEIGHT - _EDGE // 2,
        right=_WIDTH - 2 * _EDGE,
        title=f"{trained.feature} on {trained.base.name}",
        trained=points(losses),
        held_out=points(looks),
        steps=steps,
        top=top,
    )
