"""The floors under what the embedded default reaches on the held-out sets.

They are what such a model can do by instruction, examples and schema alone.
"""

from collections.abc import AsyncGenerator

import pytest

from tests.quality.asking import Bench, bench_on, measure
from tests.quality.sets import Name

pytestmark = pytest.mark.slow

FLOORS: dict[Name, dict[str, float]] = {
    "tickets": {
        "valid": 100,
        "product": 70,
        "urgency": 60,
        "category": 60,
        "sentiment": 80,
        "critical found": 75,
    },
    "answers": {"right": 45, "unknown where not told": 50, "quotes verbatim": 100},
    "ordinary": {"right": 80, "quotes verbatim": 100},
    "translations": {"chrF into English": 0},
}


@pytest.fixture(scope="module")
async def bench() -> AsyncGenerator[Bench]:
    async with bench_on("embedded") as running:
        yield running


@pytest.mark.parametrize("name", FLOORS)
async def test_held_out(bench: Bench, name: Name) -> None:
    measured = await measure(bench, name, "held out")
    print(f"\n{name}: {measured.figures}, {measured.seconds:.2f} s each")  # noqa: T201
    missed = {
        figure: (measured.figures[figure], floor)
        for figure, floor in FLOORS[name].items()
        if measured.figures[figure] < floor
    }
    assert not missed
    if name == "ordinary":
        assert measured.figures["handed to a human"] == 0
