"""``python -m bench``: Groundwork beside its peers, on this machine, in one run."""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from statistics import median

from bench.errors import BenchError
from bench.measure import Figures, Plan
from bench.processes import Cores, exit_on_sigterm, pick_cores
from bench.run import run
from bench.subjects import SUBJECTS
from bench.table import table

_QUICK = Plan(rounds=1, warm_seconds=0.4, full_seconds=1.2, half_seconds=1.2)


def main() -> None:
    options = _parser().parse_args()
    names = options.only.split(",") if options.only else [subject.name for subject in SUBJECTS]
    if unknown := set(names) - {subject.name for subject in SUBJECTS}:
        sys.exit(f"bench: there is no {', '.join(sorted(unknown))}")
    exit_on_sigterm()
    cores, plan = pick_cores(), _QUICK if options.quick else Plan()
    try:
        figures, ceiling = run([s for s in SUBJECTS if s.name in names], plan, cores)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print(table(figures))
    print(f"\n{_notes(plan, cores, ceiling)} {_disturbance(figures)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: about a minute")
    parser.add_argument(
        "--only", help=f"names, comma between: {','.join(subject.name for subject in SUBJECTS)}"
    )
    return parser


def _notes(plan: Plan, cores: Cores, ceiling: float) -> str:
    where = "server on one core, mock and load on another" if cores.apart else "one core for all"
    return (
        f"{platform.machine()}, {os.cpu_count()} cores ({where}), Python "
        f"{platform.python_version()}; median of {plan.rounds}. CPU, requests/s, p50 and p99: "
        f"{plan.connections} connections ({plan.stream_connections} for streams) that ask "
        f"without pause, a model that answers at once. Added: at half of those requests/s, a "
        f"model that takes {plan.delay_milliseconds} ms, minus the same without the subject. "
        f"Latency of a stream is the time to the first token. The mock alone gives "
        f"{ceiling:,.0f} tickets/s."
    )


def _disturbance(figures: Sequence[Figures]) -> str:
    """How far the figures can be trusted: on a machine of its own it is next to nothing."""
    shares = [each.disturbed for row in figures for each in row.rounds]
    return (
        f"Other processes took {median(shares):.0f} % of the server's core in the median "
        f"measurement, {max(shares):.0f} % in the worst."
    )


if __name__ == "__main__":
    main()
