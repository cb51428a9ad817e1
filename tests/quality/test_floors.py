"""The floors that the embedded default should reach by instruction, examples and schema alone.

A floor that is missed is said, and stays where it is: the test is then expected to fail. What code
proves holds whatever the model is like. A fourth of the held-out sets is asked here; `make quality` asks
all of them.
"""

from collections.abc import AsyncGenerator

import pytest

from tests.quality.asking import Bench, bench_on, measure, measure_plain
from tests.quality.sets import Name

pytestmark = pytest.mark.slow

FLOORS: dict[Name, dict[str, float]] = {
    "tickets": {
        "product": 70,
        "urgency": 60,
        "category": 60,
        "sentiment": 80,
        "critical found": 75,
    },
    "answers": {"right": 45, "unknown where not told": 50},
    "ordinary": {"right": 80, "not handed to a human": 100},
    "translations": {},  # what a plain instruction reaches
}
PROVEN: dict[Name, dict[str, float]] = {
    "tickets": {"valid": 90},  # the rest may run out of time on a busy machine
    "answers": {"quotes verbatim": 100},
    "ordinary": {"quotes verbatim": 100},
    "translations": {"chrF into English": 1},
}
EVERY = 4


@pytest.fixture(scope="module")
async def bench() -> AsyncGenerator[Bench]:
    async with bench_on("embedded") as running:
        yield running


@pytest.mark.parametrize("name", FLOORS)
async def test_held_out(bench: Bench, name: Name) -> None:
    measured = await measure(bench, name, "held out", EVERY)
    print(f"\n{name}: {measured.figures}, {measured.seconds:.2f} s each")  # noqa: T201
    assert not below(PROVEN[name], measured.figures)
    floors = FLOORS[name] or (await measure_plain(bench, name, "held out", EVERY)).figures
    if missed := below(floors, measured.figures):
        pytest.xfail(f"missed, (reached, floor): {missed}")


def below(floors: dict[str, float], figures: dict[str, float]) -> dict[str, tuple[float, float]]:
    return {
        figure: (figures[figure], floor)
        for figure, floor in floors.items()
        if figures[figure] < floor
    }
