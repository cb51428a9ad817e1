"""Measures one server with one question, over rounds."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median

from bench.errors import BenchError
from bench.load import Job, Outcome
from bench.places import ROOT
from bench.processes import Server, clean_environment, core_seconds, pinned, tail
from bench.subjects import Question
from bench.upstream import Mock

_MARGIN_SECONDS = 40.0
_SPARE_CONNECTIONS = 64  # of a paced run: more than are ever busy at half load


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often."""

    rounds: int = 3
    warm_seconds: float = 0.6
    full_seconds: float = 3.0
    half_seconds: float = 3.0
    connections: int = 16
    stream_connections: int = 48  # a stream waits for the model most of the time
    delay_milliseconds: int = 20  # of the model at half load


@dataclass(frozen=True, slots=True)
class Round:
    """One round's figures; times in milliseconds."""

    cpu: float
    rate: float
    p50: float
    p99: float
    added_p50: float
    added_p99: float
    rss: float
    disturbed: float  # share of the server's core that others took, in percent


@dataclass(slots=True)
class Figures:
    """One row of the table."""

    title: str
    name: str
    question: Question
    rounds: list[Round] = field(default_factory=list[Round])

    def median(self, pick: Callable[[Round], float]) -> float:
        return median(pick(each) for each in self.rounds)


class Driver:
    """Starts the load; hands out numbers so that no two requests of a run are the same."""

    def __init__(self, core: int | None) -> None:
        self._core = core
        self._next = 1

    def run(self, server: str, job: Job) -> Outcome:
        """Do a job.

        Raises:
            BenchError: an answer was missing or wrong.
        """
        job = replace(job, first_number=self._next)
        with pinned(self._core):
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.load"],
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        try:
            given = json.dumps(asdict(job)).encode()
            printed, _ = process.communicate(given, timeout=job.seconds + _MARGIN_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{server}: the load did not end") from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise BenchError(f"{server}: the load failed")
        outcome = Outcome(**json.loads(printed))
        self._next += outcome.sent
        if outcome.errors or not outcome.sent:
            shown = "\n".join(outcome.errors[:3])
            raise BenchError(f"{server}: {len(outcome.errors)} of {outcome.sent} failed:\n{shown}")
        return outcome


def measure_round(
    server: Server, question: Question, mock: Mock, driver: Driver, plan: Plan, direct: Job
) -> Round:
    """Full load for CPU and throughput, then half of it for what the server adds."""
    try:
        return _measure_round(server, question, mock, driver, plan, direct)
    except BenchError as error:
        raise BenchError(f"{error}\n{tail(server.log)}") from error


def _measure_round(
    server: Server, question: Question, mock: Mock, driver: Driver, plan: Plan, direct: Job
) -> Round:
    job = job_for(server.port, question, plan)
    mock.tell_probabilities(told=question.told)
    mock.set_delay(0)
    driver.run(server.name, replace(job, seconds=plan.warm_seconds))
    cpu, core = server.cpu_seconds(), core_seconds(server.core)
    full = driver.run(server.name, job)
    cpu, core = server.cpu_seconds() - cpu, core_seconds(server.core) - core
    rate = full.sent / full.elapsed
    mock.set_delay(plan.delay_milliseconds)
    paced = {
        "rate": rate / 2,
        "seconds": plan.half_seconds,
        "connections": _SPARE_CONNECTIONS,
        "first_delta": question.first_delta,
    }
    through = times_of(driver.run(server.name, replace(job, **paced)))
    straight = times_of(driver.run("mock", replace(direct, **paced)))
    times = times_of(full)
    return Round(
        cpu=cpu / full.sent * 1000,
        rate=rate,
        p50=percentile(times, 50),
        p99=percentile(times, 99),
        added_p50=percentile(through, 50) - percentile(straight, 50),
        added_p99=percentile(through, 99) - percentile(straight, 99),
        rss=server.rss_mb(),
        disturbed=max(0.0, core - cpu) / full.elapsed * 100,
    )


def job_for(port: int, question: Question, plan: Plan) -> Job:
    return Job(
        port=port,
        path=question.path,
        body=question.text(),
        expect=question.expect,
        connections=plan.stream_connections if question.stream else plan.connections,
        seconds=plan.full_seconds,
        first_number=0,
        headers=dict(question.headers),
        first_delta=question.first_delta,
    )


def times_of(outcome: Outcome) -> Sequence[float]:
    """What counts for the caller: the first token of a stream, else the whole answer."""
    return outcome.firsts or outcome.latencies


def percentile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds, nearest rank."""
    ordered = sorted(seconds)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1] * 1000
