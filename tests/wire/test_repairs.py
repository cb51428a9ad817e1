"""What holds of every feature: strangers' text stands between marks, and a failure is a failure.

In the request and in its repair alike.
"""

import json
import re
from typing import Any

import httpx
import pytest

from tests.wire.replies import TICKET
from tests.wire.service import service_on

MARKED = re.compile(r"\[([0-9a-f]{8})\]\n.*?\n\[/\1\]", re.DOTALL)
FLAWED = "zzflawed"
DOWN = httpx.Response(503, text="down")

BODIES: dict[str, dict[str, Any]] = {
    "/tickets": {"subject": "zzsubject", "body": "zzbody", "from": "zzsender"},
    "/answers": {
        "question": "zzquestion",
        "documents": [{"title": "zztitle", "text": "zztext."}],
        "history": [{"role": "user", "content": "zzearlier"}],
    },
    "/translations": {"text": ["zztext {name}"], "target_lang": "EN", "context": "zzcontext"},
}
REPAIRABLE = {"/tickets": f'{{"issue":"{FLAWED}"}}', "/answers": f"[9] {FLAWED}"}
USELESS = {"/tickets": '{"issue":"x"}', "/answers": "[1]", "/translations": " "}
GOOD = {"/tickets": TICKET, "/answers": "[1] It is.", "/translations": "It is {name}"}
PATHS = [*BODIES, "/answers/stream", "/translations/stream"]


async def asked(path: str, *says: str | httpx.Response) -> tuple[httpx.Response, list[Any]]:
    """The response to the request of a path, and the messages of each call."""
    calls: list[Any] = []
    left = list(says)

    def model(messages: list[dict[str, Any]]) -> str | httpx.Response:
        calls.append(messages)
        return left.pop(0)

    async with service_on(model) as client:
        response = await client.post(path, json=BODIES[path.removesuffix("/stream")])
    return response, calls


def last_of(response: httpx.Response) -> Any:
    """The problem that it is, or that its stream ends with."""
    if response.status_code != 200:
        return response.json()
    last = json.loads(response.text.removesuffix("\n\n").rpartition("data: ")[2])
    assert last["type"] == "failed"
    return last["problem"]


@pytest.mark.parametrize("path", PATHS)
async def test_text_of_strangers_stands_between_marks(path: str) -> None:
    feature = path.removesuffix("/stream")
    response, calls = await asked(path, REPAIRABLE.get(feature, FLAWED), GOOD[feature])
    assert response.status_code == 200, response.text
    assert len(calls) == 2, "there was a repair"
    words = {*re.findall(r"zz\w+", str(BODIES[feature]))}
    for messages, said in zip(calls, (words, words | {FLAWED}), strict=True):
        text = "\n".join(message["content"] for message in messages)
        assert said <= {*re.findall(r"zz\w+", text)}, "all of it is read"
        assert "zz" not in MARKED.sub("", text)


@pytest.mark.parametrize("path", PATHS)
async def test_a_failure_during_a_repair_of_nothing_useful_is_a_failure(path: str) -> None:
    response, calls = await asked(path, USELESS[path.removesuffix("/stream")], DOWN)
    assert len(calls) == 2
    problem = last_of(response)
    assert (problem["status"], problem["code"]) == (503, "upstream-unavailable")


@pytest.mark.parametrize("path", BODIES)
async def test_useless_twice_is_said(path: str) -> None:
    response, _ = await asked(path, USELESS[path], USELESS[path])
    assert response.status_code == 502, response.text
    assert response.json()["code"] == "model-output-invalid"
