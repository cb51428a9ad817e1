"""One run: all servers started, prompts exported, rounds measured, all ended."""

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.environments import make_environment
from bench.measure import Driver, Figures, Plan, job_for, measure_round
from bench.places import RUN
from bench.processes import Cores, Server, free_port, running
from bench.prompts import check, export_prompts
from bench.subjects import GROUNDWORK, KINDS, PEER_SUBJECTS, Kind, Question, Subject
from bench.upstream import Mock, running_mock

Entry = tuple[Server, Figures]
_PATH = "/v1/chat/completions"  # of the mock


@contextmanager
def serving(subject: Subject, mock: Mock, core: int | None) -> Generator[Server]:
    """The subject on a free port."""
    port = free_port()
    start = subject.start(port, mock.base_url)
    with running(
        subject.name, start.command, port=port, env=start.env, folder=RUN, core=core
    ) as server:
        yield server


def run(subjects: Sequence[Subject], plan: Plan, cores: Cores) -> tuple[list[Figures], float]:
    """Measure the subjects.

    Returns:
        A row for each subject and question, and how many tickets a second the mock itself gives
        to the load: no subject can have more.
    """
    others = [subject for subject in subjects if subject is not GROUNDWORK]
    for subject in others:
        if subject in PEER_SUBJECTS:
            make_environment(subject.name)
    RUN.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        mock = stack.enter_context(running_mock(cores.others))
        own = stack.enter_context(serving(GROUNDWORK, mock, cores.server))
        bodies = export_prompts(own, mock)
        entries = _entries(own, GROUNDWORK, bodies) if GROUNDWORK in subjects else []
        for subject in others:
            say(f"starting {subject.name}")
            server = stack.enter_context(serving(subject, mock, cores.server))
            entries += _entries(server, subject, bodies)
        for server, figures in entries:
            check(server, figures.question, mock, bodies)
        driver = Driver(cores.others)
        direct = {
            kind: job_for(mock.port, Question(kind, _PATH, body, ()), plan)
            for kind, body in bodies.items()
        }
        mock.tell_probabilities(told=False)
        mock.set_delay(0)
        ceiling = driver.run("mock", direct["tickets"])
        for number in range(plan.rounds):
            for server, figures in entries:
                asked = figures.question.title
                say(f"round {number + 1} of {plan.rounds}: {figures.title}, {asked}")
                job = direct[figures.question.kind]
                figures.rounds.append(
                    measure_round(server, figures.question, mock, driver, plan, job)
                )
    rows = [figures for _, figures in entries]
    rows.sort(key=lambda row: (KINDS.index(row.question.kind), row.question.told))
    return rows, ceiling.sent / ceiling.elapsed


def _entries(server: Server, subject: Subject, bodies: dict[Kind, Any]) -> list[Entry]:
    return [
        (server, Figures(subject.title, subject.name, question))
        for question in subject.questions(bodies)
    ]


def say(text: str) -> None:
    """Progress, out of the table's way."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)
