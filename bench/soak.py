"""``python -m bench.soak``: does the service's memory grow while it answers 100,000 tickets?"""

import argparse
import sys
from dataclasses import replace

from bench.errors import BenchError
from bench.measure import Driver, Plan, job_for
from bench.places import RUN
from bench.processes import Cores, exit_on_sigterm, pick_cores
from bench.prompts import ask_once
from bench.run import say, serving
from bench.subjects import GROUNDWORK
from bench.upstream import running_mock

_MOST_GROWTH = 5.0  # percent
_SECONDS = 1800.0  # most for one part
_STEPS = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=10_000, help="after these it counts")
    options = parser.parse_args()
    if not 0 < options.first < options.requests:
        parser.error("--first must be above 0 and below --requests")
    exit_on_sigterm()
    try:
        first, last = soak(options.first, options.requests, pick_cores())
    except BenchError as error:
        sys.exit(f"bench: {error}")
    growth = (last - first) / first * 100
    print(f"RSS after {options.first:,} requests: {first:.1f} MB")
    print(f"RSS after {options.requests:,} requests: {last:.1f} MB, growth {growth:.1f} %")
    sys.exit(growth > _MOST_GROWTH)


def soak(first: int, requests: int, cores: Cores) -> tuple[float, float]:
    """RSS in MB after ``first`` and after ``requests`` requests."""
    RUN.mkdir(parents=True, exist_ok=True)
    with running_mock(cores.others) as mock, serving(GROUNDWORK, mock, cores.server) as server:
        question = GROUNDWORK.questions({})[0]
        ask_once(server, question)
        driver = Driver(cores.others)
        job = replace(job_for(server.port, question, Plan()), seconds=_SECONDS)
        done, figures = 0, [0.0]
        for until in _parts(first, requests):
            done += driver.run(server.name, replace(job, count=until - done)).sent
            if done != until:
                raise BenchError(f"{done} requests in {_SECONDS:.0f} s, not {until}")
            figures.append(server.rss_mb())
            say(f"{done:,} requests: {figures[-1]:.1f} MB")
        return figures[1], figures[-1]


def _parts(first: int, requests: int) -> list[int]:
    """Where to look at the memory: after ``first``, then at even steps to the end."""
    rest = requests - first
    return [first, *(first + rest * step // _STEPS for step in range(1, _STEPS + 1))]


if __name__ == "__main__":
    main()
