"""The engine for real, with the smallest model: it answers, and it comes back."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.embedded import Engine
from app.embedded.engine import Health
from app.embedded.machine import default_cache_dir
from app.embedded.models import find_model, has_chat_template
from tests.embedded.publisher import Page
from tests.service import MODEL, START_SECONDS

pytestmark = pytest.mark.engine

GEMMA = find_model(MODEL.partition(":")[2])
TICKET = {
    "type": "object",
    "properties": {"urgency": {"enum": ["low", "normal", "high"]}},
    "required": ["urgency"],
    "additionalProperties": False,
}
QUESTION = {
    "messages": [{"role": "user", "content": "The lamp exploded, the house is on fire!"}],
    "temperature": 0,
    "max_tokens": 1,
}
BY_SCHEMA = {
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "ticket", "strict": True, "schema": TICKET},
    },
    "max_tokens": 40,
    "logprobs": True,
    "top_logprobs": 5,
}


def ask(engine: Engine, **how: Any) -> dict[str, Any]:
    """Its first choice, asked for directly."""
    response = httpx.post(
        f"{engine.base_url}/v1/chat/completions",
        json={**QUESTION, **how},
        headers={"authorization": f"Bearer {engine.key}"},
        timeout=START_SECONDS,
    )
    assert response.status_code == 200, response.text
    choice: dict[str, Any] = response.json()["choices"][0]
    return choice


def process(engine: Engine) -> psutil.Process:
    child = engine._process  # pyright: ignore[reportPrivateUsage]
    assert child
    return psutil.Process(child.pid)


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)


# --- With the model -----------------------------------------------------------------------------


async def test_it_answers_by_a_schema_and_tells_probabilities(engine: Engine) -> None:
    await engine.up()
    assert engine.problem() is None
    assert engine.name == GEMMA.name
    choice = ask(engine, **BY_SCHEMA)
    assert json.loads(choice["message"]["content"])["urgency"] in ("low", "normal", "high")
    for token in choice["logprobs"]["content"]:
        assert token["logprob"] <= 0
        assert len(token["top_logprobs"]) == 5


def test_only_who_has_the_key_may_ask(engine: Engine) -> None:
    response = httpx.post(f"{engine.base_url}/v1/chat/completions", json=QUESTION)
    assert response.status_code == 401


def test_base_model_has_no_template(engine: Engine) -> None:
    assert engine
    assert not has_chat_template(default_cache_dir() / GEMMA.file)


def test_idle_clients_do_not_hide_its_health(engine: Engine) -> None:
    port = int(engine.base_url.rpartition(":")[2])
    clients = [http.client.HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(40)]
    try:
        for client in clients:  # each keeps its connection
            client.request("GET", "/health")
            client.getresponse().read()
        assert Health()._answers(port)  # pyright: ignore[reportPrivateUsage]
    finally:
        for client in clients:
            client.close()


@pytest.fixture(scope="module")
def watched() -> Generator[Engine]:
    """An engine of one's own, to be harmed; its health is asked more often than any model loads."""
    health = Health(interval=0.1, timeout=1.0, misses=2)
    engine = Engine(default_cache_dir(), GEMMA.name, slots=1, context=512, health=health)
    engine.start()
    assert engine.wait(START_SECONDS), engine.problem()
    yield engine
    engine.stop()


def test_loading_is_not_hanging(watched: Engine) -> None:
    assert watched.generation == 0
    assert watched.problem() is None


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(signal.SIGSTOP, "it does not answer"), (signal.SIGKILL, "exit code -9")],
    ids=["hangs", "dies"],
)
async def test_it_comes_back_at_the_same_address(
    watched: Engine, harm: signal.Signals, reason: str
) -> None:
    await watched.up()
    generation, address, harmed = watched.generation, watched.base_url, process(watched)
    harmed.send_signal(harm)
    eventually(lambda: watched.generation == generation + 1)
    assert reason in (watched.problem() or "")
    assert not harmed.is_running()
    await watched.up()
    assert watched.base_url == address
    assert watched.generation == generation + 1
    assert ask(watched)["message"]["content"]


# --- While it fetches, without a model ------------------------------------------------------------


@pytest.fixture
def fetching(page: Page, tmp_path: Path) -> Generator[Engine]:
    """An engine whose weights are on their way, and do not arrive."""
    page.model = find_model("qwen2.5-coder-0.5b-instruct")
    page.may_end.clear()
    engine = Engine(tmp_path, page.model.name)
    engine.start()
    eventually(lambda: "is being fetched" in (engine.problem() or ""))
    yield engine
    engine.stop()


def test_it_says_that_it_fetches(fetching: Engine, page: Page) -> None:
    problem = fetching.problem() or ""
    assert problem.startswith("The embedded model is being fetched: qwen2.5-coder-0.5b-instruct: ")
    assert "% of 491M" in problem
    eventually(lambda: page.ranges == ["bytes=0-"])
    assert fetching.generation == 0


def test_stop_ends_the_fetching(fetching: Engine) -> None:
    child = process(fetching)
    fetching.stop()
    assert not child.is_running()


@pytest.mark.usefixtures("no_index")
def test_weights_that_cannot_be_had_are_a_problem_and_tried_again(
    page: Page, tmp_path: Path
) -> None:
    page.status = 404
    engine = Engine(tmp_path, "qwen2.5-coder-0.5b-instruct")
    engine.start()
    try:
        eventually(lambda: engine.generation > 0)
        assert "cannot be fetched" in (engine.problem() or "")
        page.may_end.clear()
        page.status, page.model = 200, find_model("qwen2.5-coder-0.5b-instruct")
        eventually(lambda: "is being fetched" in (engine.problem() or ""))
    finally:
        engine.stop()


PARENT = """
import sys, time
from pathlib import Path
from app.embedded import Engine
engine = Engine(Path(sys.argv[1]), sys.argv[2])
engine.start()
while sys.argv[3] not in str(engine.problem()):
    time.sleep(0.02)
print(engine._process.pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize(
    ("model", "doing"),
    [(GEMMA.name, "None"), ("qwen2.5-coder-0.5b-instruct", "is being fetched")],
    ids=["serving", "fetching"],
)
def test_parent_that_is_killed_leaves_no_orphan(
    model: str, doing: str, page: Page, tmp_path: Path
) -> None:
    page.model = find_model("qwen2.5-coder-0.5b-instruct")
    page.may_end.clear()
    folder = default_cache_dir() if model == GEMMA.name else tmp_path
    command = [sys.executable, "-c", PARENT, str(folder), model, doing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        _, alive = psutil.wait_procs([child], timeout=60)
        assert not alive


def test_operator_decides_what_the_row_leaves_open(tmp_path: Path) -> None:
    decided = Engine(tmp_path, GEMMA.name, slots=9, context=700, threads=3)
    config = decided._config  # pyright: ignore[reportPrivateUsage]
    assert (config.slots, config.context, config.threads) == (9, 700, 3)
    left_open = Engine(tmp_path, GEMMA.name)
    config = left_open._config  # pyright: ignore[reportPrivateUsage]
    assert (config.slots, config.context) == (left_open.slots, GEMMA.context)
    assert config.threads >= 1
