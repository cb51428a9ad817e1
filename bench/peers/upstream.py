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
ANSWERS: dict[str, Any] = _PROMPTS["answers"]["parameters"]
TRANSLATIONS: dict[str, Any] = _PROMPTS["translations"]["parameters"]


def ticket_messages(subject: str, body: str) -> list[dict[str, str]]:
    return messages("tickets", f"Subject: {subject}\n{body}")


def answer_messages(question: str) -> list[dict[str, str]]:
    """With the passages, which are the same in each request, already in the prompt."""
    return messages("answers", question)


def translation_messages(text: str) -> list[dict[str, str]]:
    return messages("translations", text)


def messages(kind: str, new: str) -> list[dict[str, str]]:
    before, after = _PROMPTS[kind]["around"]
    return [*_PROMPTS[kind]["prefix"], {"role": "user", "content": f"{before}{new}{after}"}]
