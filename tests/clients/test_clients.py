"""Clients made from the document compile, and every committed operation works through them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.clients.building import BUILDERS, Command, run, write_document
from tests.clients.conftest import Served
from tests.clients.upstream import ANSWER, QUOTE, TRANSLATION

COMMITTED = Path("openapi.json")
ANSWER_EVENTS = "started citation delta completed"
TRANSLATION_EVENTS = "delta completed"


@pytest.fixture(scope="session", params=[*BUILDERS])
def tour(request: pytest.FixtureRequest) -> Command:
    """Starts a program that calls every operation; generated and compiled here.

    So are the sample's features, from the document alone.
    """
    write_document()
    return BUILDERS[request.param]()


def test_every_operation(tour: Command, scripted: Served) -> None:
    told = _told(tour, scripted)
    for operation, languages in _languages(told).items():
        assert len(languages) > 30, operation
        assert "DE" in languages, operation
    assert told == {
        "check_health": "ok",
        "check_readiness": "ready openai:any",
        "read_usage": scripted[1].split("_")[1],
        "create_ticket": "Broken lamp medium",
        "create_email_ticket": "Broken lamp",
        "create_answer": f"{ANSWER} [{QUOTE}]",
        "create_feedback": "true",
        "delete_conversation": "204",
        "stream_answer": f"{ANSWER} {ANSWER_EVENTS}",
        "create_translations": f"{TRANSLATION} DE",
        "stream_translations": f"{TRANSLATION} {TRANSLATION_EVENTS}",
        "create_batch": "translations",
        "list_batches": "true",
        "read_batch": "1",
        "read_results": "r1",
        "cancel_batch": "completed",
        "delete_batch": "204",
        "deepl_translate": TRANSLATION,
        "libre_translate": TRANSLATION,
        "libre_detect": "de",
        "problem": "text-empty /question",
        "problem_of_stream": "text-empty /question",
        "stranger": "ready key-missing",
    }


def test_stream_that_fails_ends_with_its_problem(tour: Command, breaking: Served) -> None:
    told = _told(tour, breaking)
    assert told["stream_answer"] == "upstream-failed started citation delta failed"
    assert told["stream_translations"] == "upstream-failed delta failed"


def test_every_operation_on_the_embedded_model(tour: Command, embedded: Served) -> None:
    told = _told(tour, embedded)
    assert re.search(r" started .*\bcompleted$", told["stream_answer"])
    assert told["stream_translations"].endswith(f" {TRANSLATION_EVENTS}")
    assert told["problem_of_stream"] == "text-empty /question"


def _told(tour: Command, service: Served) -> dict[str, str]:
    """What the tour printed for each operation, in the spelling that all languages can share."""
    lines = [line.partition(": ") for line in run(*tour, *service).splitlines()]
    told = {operation: _plain(value) for operation, _, value in lines}
    assert set(told) == _operations() | {"problem", "problem_of_stream", "stranger"}
    assert all(told.values())
    return told


def _operations() -> set[str]:
    paths: dict[str, dict[str, Any]] = json.loads(COMMITTED.read_text("utf-8"))["paths"]
    return {operation["operationId"] for path in paths.values() for operation in path.values()}


def _plain(value: str) -> str:
    """Without what only one language writes: quotes round a text, a capital, repeated events."""
    value = value.replace("'", "").replace('"', "").replace("[ ", "[").replace(" ]", "]")
    return re.sub(r"(\b\w+)( \1)+", r"\1", value.replace("True", "true"))


def _languages(told: dict[str, str]) -> dict[str, list[str]]:
    """The lists of languages, taken out of what was told."""
    return {name: told.pop(name).upper().split() for name in [*told] if "languages" in name}
