"""What the hostile upstream was asked, checked before anything is answered."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tests.hostile.connection import Request
from tests.hostile.voices import Dialect

PATHS: dict[str, Dialect] = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}

_ASKS_JSON = {"response_format", "output_config", "tools"}
_MARKER = re.compile(r"\[m-[\w-]+\]")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is in order.

    Attributes:
        number: how many calls arrived before it.
        body: its JSON.
        text: the text of the last user turn.
        stream: whether the answer has to be a stream.
        dialect: which API it was made to.
    """

    number: int
    body: Mapping[str, Any]
    text: str
    stream: bool
    dialect: Dialect


class Complaint(Exception):
    """What is wrong with a request."""


def read_call(request: Request, number: int) -> Call:
    """The call in ``request``.

    Raises:
        Complaint: no real upstream would take it.
    """
    if request.method != "POST" or request.path not in PATHS:
        raise Complaint(f"{request.method} {request.path} is nothing that a model server has")
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip() != "application/json":
        raise Complaint(f"the content type is {content_type!r}")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise Complaint(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Complaint("the body is not an object")
    body = cast("dict[str, Any]", body)
    if not (isinstance(body.get("model"), str) and body["model"]):
        raise Complaint("the body names no model")
    text = _last_user_text(body.get("messages"))
    return Call(number, body, text, body.get("stream") is True, PATHS[request.path])


def _last_user_text(messages: object) -> str:
    if not isinstance(messages, list) or not messages:
        raise Complaint("there are no messages")
    last = cast("list[object]", messages)[-1]
    if not isinstance(last, dict):
        raise Complaint("the last message is not an object")
    turn = cast("dict[str, Any]", last)
    if turn.get("role") != "user":
        raise Complaint(f"the last turn is by {turn.get('role')!r}")
    content = turn.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        blocks = cast("list[dict[str, Any]]", content)
        return "".join(block["text"] for block in blocks if block.get("type") == "text")
    raise Complaint("the last turn has no content")


def marker_of(text: str) -> str:
    """The first marker such as ``[m-123]`` in ``text``; empty if there is none."""
    found = _MARKER.search(text)
    return found[0] if found else ""


def good_output(call: Call) -> str:
    """What a good model writes, with the marker of the call: as JSON, if it is asked for that."""
    text = good_text(marker_of(call.text))
    return json.dumps({"issue": text}) if _ASKS_JSON & call.body.keys() else text


def good_text(marker: str) -> str:
    """What is right in the answer to a call that has the marker."""
    return f"Broken lamp {marker}, which does not glow any more, though it is new."
