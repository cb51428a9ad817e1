"""Folders of features, and the service that has them."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.wire.service import Says, service_on

TOML = """\
title = "Reviews into grades"
description = "A grade for a review."

[input.text]
type = "text"
description = "The review."
max_length = 500

[input.stars]
type = "integer"
minimum = 1
maximum = 5
optional = true

[input.audience]
type = "enum"
values = ["children", "adults"]
optional = true
trusted = true

[output.grade]
type = "enum"
values = ["good", "bad"]

[output.quotes]
type = "list"
max_items = 3

[proofs]
verbatim_in = {output = "quotes", input = "text"}

[metrics]
grade = "exact"

[sampling]
max_tokens = 77
"""
INSTRUCTION = "Grade each review, and quote what tells."
REVIEW = "It broke at once."
GRADED = {"grade": "bad", "quotes": ["broke at once"]}
EXAMPLES: list[Any] = [{"input": {"text": "I like it."}, "output": {"grade": "good", "quotes": []}}]
CASES: list[Any] = [{"id": "1", "input": {"text": "It hums."}, "expected": {"grade": "bad"}}]
TEXT = """\
title = "Texts into titles"
output = "text"

[input.text]
type = "text"
"""
WRITTEN = [{"input": {"text": "A long text."}, "output": "Text"}]


def write(folder: Path, toml: str | None = TOML, **files: Any) -> Path:
    """Make a feature's folder.

    Args:
        folder: it.
        toml: of its ``feature.toml``; None for none.
        files: what is not to be as usual: instruction, examples, cases.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if toml is not None:
        (folder / "feature.toml").write_text(toml, "utf-8")
    (folder / "instruction.md").write_text(files.get("instruction", INSTRUCTION), "utf-8")
    for name, lines in {"examples": EXAMPLES, "cases": CASES, **files}.items():
        if name != "instruction":
            text = "".join(f"{json.dumps(line)}\n" for line in lines)
            (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


@asynccontextmanager
async def folders_on(
    says: Says | str, features: Path | str | None
) -> AsyncGenerator[tuple[httpx.AsyncClient, list[list[dict[str, Any]]]]]:
    """A client of the service with these folders, and the messages of all calls."""
    asked: list[list[dict[str, Any]]] = []

    def answer(messages: list[dict[str, Any]]) -> str | httpx.Response:
        asked.append(messages)
        return says if isinstance(says, str) else says(messages)

    async with service_on(answer, features=features) as client:
        yield client, asked
