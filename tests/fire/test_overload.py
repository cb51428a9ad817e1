"""Ten times as many requests as the upstream can answer: it is kept busy, the rest is told at once.

It works on 8 calls at once, about half a second on each. What is judged: how many are answered, and
that what is accepted takes little longer than it does alone.
"""

import random

from app.errors import Overloaded
from tests.fire.crowd import closed_loop, marker, open_loop, percentile
from tests.gateway.support import Outcome, ask, gateway_on, ticket_prompt
from tests.hostile.behaviours import Good
from tests.hostile.calls import Call, good_text
from tests.hostile.memory import memory_upstream

SLOTS = 8
LEAST, MOST = 0.35, 0.65  # seconds of a call
CAPACITY = SLOTS / ((LEAST + MOST) / 2)  # calls a second
WARM_UP, WINDOW = 10.0, 15.0  # seconds
ALONE = 20  # requests


async def test_overload() -> None:
    chance = random.Random(1)  # noqa: S311

    def half_a_second(_call: Call) -> Good:
        return Good(delay=chance.uniform(LEAST, MOST))

    async with (
        memory_upstream(half_a_second, slots=SLOTS) as upstream,
        gateway_on(upstream) as gateway,
    ):

        async def ticket(number: int) -> tuple[float, Outcome]:
            outcome = await ask(gateway, ticket_prompt(marker(number)))
            if outcome.completion:
                assert good_text(marker(number)) in outcome.text
            return outcome.call.started, outcome

        alone = await closed_loop(ticket, requests=ALONE, clients=1)
        unloaded = max(outcome.seconds for _, outcome in alone)
        told = await open_loop(
            ticket, rate=10 * CAPACITY, seconds=WARM_UP + WINDOW, first=len(alone)
        )
        begin = told[0][0]
        after = [outcome for started, outcome in told if started - begin >= WARM_UP]
        accepted = [outcome.seconds for outcome in after if outcome.completion]
        turned_away = [outcome for outcome in after if not outcome.completion]
        print(  # noqa: T201
            f"\noverload: {len(accepted) / WINDOW:.1f}/s of {CAPACITY:g}/s, alone {unloaded:.2f} s, "
            f"accepted p90 {percentile(accepted, 0.9):.2f} p99 {percentile(accepted, 0.99):.2f} s"
        )
        assert len(accepted) >= 0.9 * CAPACITY * WINDOW
        assert percentile(accepted, 0.9) <= 2 * unloaded
        assert percentile(accepted, 0.99) <= 4 * unloaded
        assert all(isinstance(outcome.failure, Overloaded) for outcome in turned_away)
        assert {outcome.seconds for outcome in turned_away} == {0}, "at once"
        assert all(outcome.failure.headers["Retry-After"] for outcome in turned_away)
