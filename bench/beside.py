"""``python -m bench.beside``: what others notice while a stranger sends the worst that is allowed.

A stranger sends one request again and again, on one connection. Meanwhile somebody asks
``/healthz`` fifty times a second, and another caller for tickets, one after the other.
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection, HTTPException
from itertools import count
from statistics import median
from time import perf_counter, sleep
from typing import Final

from app.settings import Settings
from app.web.bodies import MOST_JSON
from bench.cases import EMAIL
from bench.errors import BenchError
from bench.places import RUN
from bench.processes import exit_on_sigterm, pick_cores, pinned
from bench.run import serving
from bench.subjects import GROUNDWORK
from bench.upstream import running_mock

_MOST_BYTES: Final[int] = Settings.model_fields["max_body_bytes"].default
_SECONDS: Final = 5.0  # that each of the requests is sent for
_DELAY_MILLISECONDS: Final = 20  # of the model
_PAUSE: Final = 0.02  # between two looks at /healthz
_PATIENCE: Final = 60.0
_GOAL_MILLISECONDS: Final = 50  # of /healthz

_GOAL_TICKET: Final = 2
_JSON: Final = "application/json"

Asked = tuple[str, str, bytes]  # path, content type, body
Answer = tuple[int, float]  # status, 0 for none, and milliseconds


def _filled(before: str, unit: str, after: str, most: int = MOST_JSON) -> bytes:
    """The largest body of this form."""
    room = most - len(before.encode()) - len(after.encode())
    return (before + unit * (room // len(unit.encode())) + after).encode()


def _in(body: Mapping[str, object], text: bytes) -> bytes:
    """JSON with the text where ``…`` stands."""
    return json.dumps(body, ensure_ascii=False).replace("…", text.decode()).encode()


def _worst() -> Mapping[str, Asked]:
    documents = [
        {"text": _filled("", f"The lamp no. {n} is warm. ", "", 18_000).decode()}
        for n in range(100)
    ]
    translation = {"text": ["…"], "target_lang": "EN", "tag_handling": "html"}
    return {
        "an email of one word": ("/tickets", _JSON, _filled('{"text": "', "a", '"}')),
        "an email of quotes": ("/tickets", _JSON, _filled('{"text": "', r"\",", '"}')),
        "an email in HTML, nested": (
            "/tickets/email",
            "message/rfc822",
            _filled("Content-Type: text/html\n\n", "<blockquote>a", "", _MOST_BYTES),
        ),
        "an email of many parts": (
            "/tickets/email",
            "message/rfc822",
            _filled(
                "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nb\n", "--a--", _MOST_BYTES
            ),
        ),
        "lists in lists": ("/tickets", _JSON, _filled("[", "[],", "1]")),
        "a history of nothing": ("/answers", _JSON, _filled('{"history": [', "{},", "1]}")),
        "a form of many fields": (
            "/v2/translate",
            "application/x-www-form-urlencoded",
            _filled("", "a&", "", _MOST_BYTES),
        ),
        "a hundred documents": (
            "/answers",
            _JSON,
            json.dumps({"question": "Warm?", "documents": documents}).encode(),
        ),
        "a text of tags": (
            "/translations",
            _JSON,
            _in(translation, _filled("", "<b>a</b>", "", 100_000)),
        ),
    }


class _Caller:
    """Asks on one connection, which is made anew when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask(self, method: str, asked: Asked) -> Answer:
        path, kind, body = asked
        begun, status = perf_counter(), 0
        try:
            self._connection.request(method, path, body or None, {"content-type": kind})
            response = self._connection.getresponse()
            response.read()
            status = response.status
        except (OSError, HTTPException):
            self._connection.close()
        return status, (perf_counter() - begun) * 1000


@contextmanager
def _asking(ask: Callable[[], Answer], pause: float = 0) -> Generator[list[Answer]]:
    """Ask again and again while the block runs."""
    answers: list[Answer] = []
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            answers.append(ask())
            sleep(pause)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()


def _beside(port: int, worst: Asked | None, numbers: Iterator[int]) -> tuple[list[Answer], ...]:
    """What ``/healthz``, the other caller and the stranger were answered, if there is one."""
    health, caller, stranger = (_Caller(port) for _ in range(3))

    def ticket() -> Answer:
        body = json.dumps({**EMAIL, "subject": f"Charged twice, {next(numbers)}"})
        return caller.ask("POST", ("/tickets", _JSON, body.encode()))

    sent: list[Answer] = []
    with (
        _asking(lambda: health.ask("GET", ("/healthz", "text/plain", b"")), _PAUSE) as healthy,
        _asking(ticket) as tickets,
        _asking(lambda: stranger.ask("POST", worst)) if worst else nullcontext(sent) as sent,
    ):
        sleep(_SECONDS)
    if failed := {status for status, _ in (*healthy, *tickets)} - {200}:
        raise BenchError(f"others were answered {failed}")
    return healthy, tickets, sent


def _row(name: str, asked: tuple[list[Answer], ...], alone: float) -> str:
    healthy, tickets, sent = asked
    statuses = ", ".join(f"{count} of {status or 'closed'}" for status, count in _counts(sent))
    p50 = _p50(tickets)
    cells = [name, statuses, f"{max(took for _, took in healthy):.0f}", f"{p50:.1f}"]
    return f"| {' | '.join(cells)} | {p50 / alone:.2f} |"


def _counts(answers: Sequence[Answer]) -> Sequence[tuple[int, int]]:
    return Counter(status for status, _ in answers).most_common()


def _p50(answers: Sequence[Answer]) -> float:
    return median(took for _, took in answers)


def main() -> None:
    """Measure, and print."""
    exit_on_sigterm()
    RUN.mkdir(parents=True, exist_ok=True)
    cores, numbers = pick_cores(), count()
    try:
        with (
            running_mock(cores.others) as mock,
            serving(GROUNDWORK, mock, cores.server) as server,
            pinned(cores.others),
        ):
            mock.set_delay(_DELAY_MILLISECONDS)
            _beside(server.port, None, numbers)  # warms up
            quiet = _beside(server.port, None, numbers)
            alone = _p50(quiet[1])
            print("| Beside | its answers | /healthz worst ms | ticket p50 ms | to alone |")
            print(f"|---|---|---:|---:|---:|\n{_row('nothing', quiet, alone)}")
            for name, worst in _worst().items():
                print(_row(name, _beside(server.port, worst, numbers), alone), flush=True)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print(
        f"\nEach for {_SECONDS:g} s; a model that takes {_DELAY_MILLISECONDS} ms. The goals are "
        f"{_GOAL_MILLISECONDS} ms and {_GOAL_TICKET} times."
    )


if __name__ == "__main__":
    main()
