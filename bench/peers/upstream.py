"""What the hand-written peers have in common: where the model is, and Groundwork's own prompts.

The files that BENCH_PROMPTS names hold the bodies that Groundwork itself sends.
"""

import json
import os
from pathlib import Path
from typing import Any

BASE_URL = os.environ["BENCH_BASE_URL"]
API_KEY = "anything"
_PROMPTS: dict[str, dict[str, Any]] = json.loads(Path(os.environ["BENCH_PROMPTS"]).read_text())

TICKETS: dict[str, Any] = _PROMPTS["tickets"]["parameters"]
TICKETS_PREFIX: list[dict[str, str]] = _PROMPTS["tickets"]["prefix"]
ANSWERS: dict[str, Any] = _PROMPTS["answers"]["parameters"]
ANSWERS_PREFIX: list[dict[str, str]] = _PROMPTS["answers"]["prefix"]
_BEFORE, _AFTER = _PROMPTS["answers"]["around_question"]


def ticket_messages(subject: str, body: str) -> list[dict[str, str]]:
    return [*TICKETS_PREFIX, {"role": "user", "content": f"Subject: {subject}\n{body}"}]


def answer_messages(question: str) -> list[dict[str, str]]:
    return [*ANSWERS_PREFIX, {"role": "user", "content": f"{_BEFORE}{question}{_AFTER}"}]
