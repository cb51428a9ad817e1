"""``python -m bench.shadow``: what callers notice of a shadow whose candidate hangs.

Two servers, one of them with ``GROUNDWORK_SHADOW=1`` and a candidate that never answers, are asked
for tickets in turns, in one run. A request that fails ends the bench.
"""

import sys
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from bench.errors import BenchError
from bench.measure import Driver, Plan, job_for, percentile, times_of
from bench.mock import HANGS
from bench.places import RUN
from bench.processes import Server, exit_on_sigterm, pick_cores
from bench.run import serving
from bench.subjects import GROUNDWORK, Start, Subject
from bench.upstream import Mock, running_mock

_ROUNDS = 7
_PLAN = Plan(full_seconds=2.0, half_seconds=2.0)
_DELAY_MILLISECONDS = 20
_SPARE_CONNECTIONS = 64
_GOAL = 1.05


def _shadowed(port: int, base_url: str) -> Start:
    start = GROUNDWORK.start(port, base_url)
    candidate = {
        "GROUNDWORK_CANDIDATE": f"openai:{HANGS}",
        "GROUNDWORK_CANDIDATE_BASE_URL": base_url,
        "GROUNDWORK_SHADOW": "1",
    }
    return replace(start, env={**start.env, **candidate})


_SUBJECTS = (
    replace(GROUNDWORK, title="without a shadow"),
    Subject("groundwork-shadow", "a shadow that hangs", _shadowed, GROUNDWORK.questions),
)
Times = dict[str, list[float]]


def main() -> None:
    """Measure, and print."""
    exit_on_sigterm()
    RUN.mkdir(parents=True, exist_ok=True)
    try:
        busy, calm, sent = _measured()
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print("| Groundwork, `/tickets` | p50 ms, busy | p50 ms, half load |\n|---|---:|---:|")
    for subject in _SUBJECTS:
        cells = (f"{median(times[subject.name]):.2f}" for times in (busy, calm))
        print(f"| {subject.title} | {' | '.join(cells)} |")
    print(f"| ratio | {_ratio(busy):.3f} | {_ratio(calm):.3f} |")
    print(
        f"\nMedian of {_ROUNDS} rounds in turns, ratios of pairs; the goal is {_GOAL}. Busy: "
        f"{_PLAN.connections} connections that ask without pause, a model that answers at once; half "
        f"load: half of those requests/s, a model that takes {_DELAY_MILLISECONDS} ms. None of "
        f"{sent:,} requests failed."
    )


def _ratio(times: Times) -> float:
    without, shadowed = (times[subject.name] for subject in _SUBJECTS)
    return median(b / a for a, b in zip(without, shadowed, strict=True))


def _measured() -> tuple[Times, Times, int]:
    cores = pick_cores()
    driver, sent = Driver(cores.others), 0
    busy: Times = {subject.name: [] for subject in _SUBJECTS}
    calm: Times = {subject.name: [] for subject in _SUBJECTS}
    with ExitStack() as stack:
        mock = stack.enter_context(running_mock(cores.others))
        servers = [stack.enter_context(serving(each, mock, cores.server)) for each in _SUBJECTS]
        for number in range(_ROUNDS + 1):
            for server in servers if number % 2 else servers[::-1]:
                at_once, at_half, count = _round(server, mock, driver)
                sent += count
                if number:  # the first warms up
                    busy[server.name].append(at_once)
                    calm[server.name].append(at_half)
    return busy, calm, sent


def _round(server: Server, mock: Mock, driver: Driver) -> tuple[float, float, int]:
    """The medians in milliseconds, busy and at half load, and how many requests were sent."""
    job = job_for(server.port, GROUNDWORK.questions({})[0], _PLAN)
    mock.set_delay(0)
    full = driver.run(server.name, job)
    mock.set_delay(_DELAY_MILLISECONDS)
    paced = {
        "rate": full.sent / full.elapsed / 2,
        "seconds": _PLAN.half_seconds,
        "connections": _SPARE_CONNECTIONS,
    }
    half = driver.run(server.name, replace(job, **paced))
    medians = [percentile(times_of(outcome), 50) for outcome in (full, half)]
    return medians[0], medians[1], full.sent + half.sent


if __name__ == "__main__":
    main()
