"""``python -m tests.quality [MODEL …]``: what each feature reaches on its own cases and held out.

Without a model, the default and the small one; any other that ``GROUNDWORK_MODEL`` may name will do.
The column ``plain`` is what a user would write in an afternoon, asked of the engine directly, on the
held-out set.
"""

import argparse
import asyncio
import json
import sys
from math import nan
from pathlib import Path

from tests.quality.asking import Measured, bench_on, measure, measure_plain
from tests.quality.sets import Name

_MODELS = ("embedded", "embedded:gemma-3-270m")
_NAMES: tuple[Name, ...] = ("tickets", "answers", "ordinary", "translations")


async def _print(
    model: str, names: tuple[Name, ...], *, every: int, held_out_only: bool, out: Path | None
) -> None:
    async with bench_on(model) as bench:
        for name in names:
            held_out = await measure(bench, name, "held out", every)
            plain = cases = None
            if not held_out_only:
                plain = (
                    await measure_plain(bench, name, "held out", every) if bench.engine else None
                )
                cases = await measure(bench, name, "cases", every) if name != "ordinary" else None
            _print_set(model, name, cases, held_out, plain)
            if out:
                _write(out / f"{name}.jsonl", held_out)


def _print_set(
    model: str, name: Name, cases: Measured | None, held_out: Measured, plain: Measured | None
) -> None:
    columns = {"cases": cases, "held out": held_out, "plain": plain}
    shown = {title: measured for title, measured in columns.items() if measured}
    titles = "".join(f"{title} ({one.count})".rjust(16) for title, one in shown.items())
    print(f"\n{model}, {name}".ljust(41) + titles)
    for figure in held_out.figures:
        values = "".join(f"{one.figures.get(figure, nan):16.1f}" for one in shown.values())
        print(f"{figure:40}{values}")
    print(f"{'seconds each':40}" + "".join(f"{one.seconds:16.2f}" for one in shown.values()))
    told, said, cached = held_out.tokens
    print(f"tokens of a held-out item: {told} in ({cached} cached), {said} out", flush=True)


def _write(path: Path, measured: Measured) -> None:
    lines = [
        json.dumps(
            {"id": made.id, "scores": made.scores, "answer": made.answer}, ensure_ascii=False
        )
        for _, made in measured.made
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("models", nargs="*", default=_MODELS)
    parser.add_argument("--only", choices=_NAMES, help="one set alone")
    parser.add_argument("--every", type=int, default=1, help="1 of so many items, for a first look")
    parser.add_argument("--held-out-only", action="store_true", help="neither cases nor plain")
    parser.add_argument("--out", type=Path, help="folder for what was answered")
    options = parser.parse_args()
    names: tuple[Name, ...] = (options.only,) if options.only else _NAMES
    for model in options.models:
        printing = _print(
            model,
            names,
            every=options.every,
            held_out_only=options.held_out_only,
            out=options.out,
        )
        asyncio.run(printing)


if __name__ == "__main__":
    sys.exit(main())
