"""No text of N characters costs more than a straight line: CPU time for N, 2N, 4N and 8N of them.

``make fuzz`` looks for one; a few tries at each target are among the slow tests. Time is the CPU's of
this process, the best of several runs, and the bounds are wide: a quadratic cost is found, a dear
one only where it would be felt.
"""

import os
from itertools import pairwise, repeat
from time import process_time
from typing import Final

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "15"))  # for each target
MOST: Final = 20_000  # characters
CHEAP_SECONDS: Final = 0.03  # a straight line through the smallest cost that is looked at
DEAR_SECONDS: Final = 1.0
GROWTH: Final = 2.8  # of the cost for twice the text, each time; 4 is quadratic
RUNS: Final = 3
TRIES: Final = 3  # other processes come and go, a quadratic cost stays
PIECES: Final = (
    *" \t\n\r\0\v\u2028\xa0\u200da1x.,;:!?-_'\"()[]{}<>/\\|=%$#&*@+~^`éß本あ灯😀🇩\u0301\u0663",
    "\r\n", "\n\n", "--", "---", "> ", "- ", "1. ", "::", "://", "http://", "www.", "a@b.example",
    "<1>", "</1>", "<1/>", "<b>", "</b>", "<p>", "<br>", "<div>", "<td>", "<table>", "<ul><li>",
    "<blockquote>", "<style>", "<!--", "-->", "<![CDATA[", "<a href='", "&lt;", "&amp;", "{{", "}}",
    "${", "%(", "%s", "{a, plural,", "[1]", "[unknown]", "```", "**", "~~", "![", "](", "| --- |",
    '{"a":', "=?utf-8?q?a?= ", "--a\n", "Content-Type: text/html\n\n", "title: ", " #", "1,000",
)  # fmt: skip

unit = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
edge = st.just("") | unit


def seconds(target: Target, text: str, runs: int) -> float:
    """The CPU time of the best run."""
    best = float("inf")
    for _ in repeat(None, runs):
        begun = process_time()
        target(text)
        best = min(best, process_time() - begun)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_text_costs_more_than_a_straight_line(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(begin=edge, middle=unit, end=edge)
    @example(begin="", middle="> a@b.example", end="灯")  # found in "figures"
    def search(begin: str, middle: str, end: str) -> None:
        def text(size: int) -> str:
            return begin + middle * (size // len(middle)) + end

        if seconds(target, text(MOST), 1) <= CHEAP_SECONDS:
            return
        said = f"{begin!r} {middle!r} {end!r}:"
        for _ in range(TRIES):
            sizes = (MOST // 4, MOST // 2, MOST, 2 * MOST)
            costs = [seconds(target, text(size), RUNS) for size in sizes]
            if costs[2] <= DEAR_SECONDS and any(b <= GROWTH * a for a, b in pairwise(costs)):
                return
            said += f" {', '.join(f'{cost:.3f} s' for cost in costs)};"
        pytest.fail(said)

    search()
