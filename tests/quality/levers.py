"""``python -m tests.quality.levers``: what each lever does to a feature, held out, as Markdown.

The levers: the instruction alone, with few-shot examples, with an adapter in the place of both; on a
small base model and on the default, which was taught to follow instructions. ``--picture FILE`` draws
what is right. ``--rows FILE`` keeps what was measured, and is not measured again.
"""

import argparse
import asyncio
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from app.embedded.adapters import adapters_of
from app.embedded.models import find_model
from app.features.feature import Texts
from tests.quality.asking import Measured, bench_on, measure
from tests.quality.picture import Bar, bars
from tests.quality.sets import PACKAGES, Name

Lever = Literal["instruction", "examples", "adapter"]
_MODELS: Final = ("gemma-3-270m", "qwen2.5-coder-1.5b-instruct")
_LEVERS: Final[tuple[Lever, ...]] = get_args(Lever)
_SHOWN: Final[dict[Name, tuple[str, ...]]] = {
    "tickets": ("product", "urgency", "category", "sentiment", "critical found"),
    "answers": ("right", "right source", "unknown where not told"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One lever on one model: percent by figure, tokens in and out, seconds; for an item."""

    name: Name
    model: str
    lever: Lever
    count: int
    figures: dict[str, float]
    tokens: tuple[float, float]
    seconds: float

    @property
    def key(self) -> tuple[Name, str, Lever]:
        return self.name, self.model, self.lever

    @property
    def mean(self) -> float:
        return sum(self.figures.values()) / len(self.figures)


async def _row(name: Name, model: str, lever: Lever, every: int) -> Row:
    feature = PACKAGES[name].FEATURE.name
    adapters = {} if lever == "adapter" else {feature: "none"}
    with _without_examples(name, lever):
        async with bench_on(f"embedded:{model}", adapters) as bench:
            made: Measured = await measure(bench, name, "held out", every)
    figures = {figure: made.figures[figure] for figure in _SHOWN[name]}
    return Row(name, model, lever, made.count, figures, made.tokens[:2], made.seconds)


@contextmanager
def _without_examples(name: Name, lever: Lever) -> Generator[None]:
    feature = PACKAGES[name].FEATURE
    own: Texts[Any, Any] = feature.texts
    if lever == "instruction":
        feature.use(Texts(own.instruction, (), own.cases))
    try:
        yield
    finally:
        feature.use(own)


def _levers_of(name: Name, model: str) -> Sequence[Lever]:
    feature = PACKAGES[name].FEATURE.name
    has_one = any(each.feature == feature for each in adapters_of(find_model(model), {}))
    return [lever for lever in _LEVERS if has_one or lever != "adapter"]


def table(rows: Sequence[Row]) -> str:
    """The rows of one set in Markdown."""
    figures = tuple(rows[0].figures)
    head = ("", "", *(f"{figure}, %" for figure in figures), "tokens in, out", "seconds")
    lines = [head, ("---",) * 2 + ("---:",) * (len(head) - 2)]
    lines += [
        (
            row.model,
            row.lever,
            *(f"{value:.0f}" for value in row.figures.values()),
            f"{row.tokens[0]:.0f}, {row.tokens[1]:.0f}",
            f"{row.seconds:.1f}",
        )
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def picture(rows: Sequence[Row]) -> str:
    """Mean share of what is right, by set, model and lever."""
    return bars(
        [Bar(f"{row.name}, {row.model}", row.lever, row.mean, row.seconds) for row in rows],
        "Mean of the figures of the table, held out, in percent; seconds for an item beside it",
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.quality.levers", description=__doc__)
    parser.add_argument("--only", choices=tuple(_SHOWN), help="one set alone")
    parser.add_argument("--every", type=int, default=1, help="1 of so many items, for a first look")
    parser.add_argument("--rows", type=Path, help="file that keeps what was measured")
    parser.add_argument("--picture", type=Path, help="file for an SVG")
    options = parser.parse_args()
    kept = _read(options.rows)
    names: list[Name] = [name for name in _SHOWN if options.only in (None, name)]
    wanted: list[tuple[Name, str, Lever]] = [
        (n, m, lever) for n in names for m in _MODELS for lever in _levers_of(n, m)
    ]
    rows = list[Row]()
    for key in wanted:
        row = kept.get(key) or asyncio.run(_row(*key, options.every))
        rows.append(row)
        if options.rows:
            kept[key] = row
            options.rows.write_text(
                "".join(json.dumps(asdict(each)) + "\n" for each in kept.values())
            )
    for name in names:
        of_it = [row for row in rows if row.name == name]
        print(f"\n{name}, {of_it[0].count} held out\n\n{table(of_it)}")
    if options.picture:
        options.picture.write_text(picture(rows), "utf-8")


def _read(file: Path | None) -> dict[tuple[Name, str, Lever], Row]:
    if not file or not file.exists():
        return {}
    rows = [Row(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    return {row.key: row for row in rows}


if __name__ == "__main__":
    main()
