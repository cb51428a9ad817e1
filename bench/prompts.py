"""The bodies that Groundwork sends to the model, taken from the wire, for the peers to send."""

import json
import re
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.cases import EMAIL, QUESTION, REVIEW
from bench.errors import BenchError
from bench.processes import Server, tail
from bench.subjects import GROUNDWORK, Kind, Question, prompts_file
from bench.upstream import Mock

_SECONDS = 60


def export_prompts(server: Server, mock: Mock) -> dict[Kind, Any]:
    """Ask Groundwork once for each feature; write what it sent to the file that peers read.

    Returns:
        The whole bodies by feature.
    """
    bodies: dict[Kind, Any] = {}
    for question in GROUNDWORK.questions({}):
        ask_once(server, question)
        bodies[question.kind] = mock.last_body()
    prompts_file().write_text(json.dumps({kind: _cut(kind, body) for kind, body in bodies.items()}))
    return bodies


def _cut(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """A body without what is new in each request, and what stands around that in its last turn."""
    *prefix, asked = body["messages"]
    before, _, after = _unmarked(asked["content"]).partition(_NEW[kind])
    parameters = {key: value for key, value in body.items() if key != "messages"}
    return {"prefix": prefix, "parameters": parameters, "around": [before, after]}


_NEW: dict[Kind, str] = {
    "tickets": f"Subject: {EMAIL['subject']}\n{EMAIL['body']}",
    "answers": QUESTION["question"],
    "translations": REVIEW["text"][0],
}


def _unmarked(part: Any) -> Any:
    """A part of a body without the random marks around texts of strangers, which only we send."""
    return json.loads(re.sub(r"\[[0-9a-f]{8}\]\\n|\\n\[/[0-9a-f]{8}\]", "", json.dumps(part)))


def check(server: Server, question: Question, mock: Mock, bodies: dict[str, Any]) -> None:
    """Ask once; the model must have been sent the same prompt as by Groundwork.

    Raises:
        BenchError: the answer is wrong, or the prompt is another.
    """
    ask_once(server, question)
    sent = mock.last_body()
    for part in ("messages", "response_format"):
        if _unmarked(sent.get(part)) != _unmarked(bodies[question.kind].get(part)):
            raise BenchError(f"{server.name} does not send Groundwork's {part}: {sent.get(part)}")


def ask_once(server: Server, question: Question) -> None:
    request = Request(
        f"http://127.0.0.1:{server.port}{question.path}",
        data=question.text().encode(),
        headers={"content-type": "application/json", **question.headers},
        method="POST",
    )
    try:
        with urlopen(request, timeout=_SECONDS) as response:
            answer = response.read().decode()
    except HTTPError as error:
        answer = f"{error.code} {error.read().decode(errors='replace')}"
    except OSError as error:
        answer = str(error)
    if not all(text in answer for text in question.expect):
        raise BenchError(
            f"{server.name}{question.path} answers: {answer[:1500]}\n{tail(server.log)}"
        )
