"""What a call to the model says, as the tests of ``/translations`` look at it."""

import re
from typing import Any

from tests.wire.service import service_on

Messages = list[dict[str, Any]]

_MARKED = re.compile(r"\[([0-9a-f]{8})\]\n(.*?)\n\[/\1\]", re.DOTALL)


def asked(messages: Messages) -> str:
    """All that the user's turn of a call says."""
    text: str = messages[-1]["content"]
    return text


def marked(messages: Messages) -> list[str]:
    """What stands between marks in it: the text to translate first."""
    return [text for _, text in _MARKED.findall(asked(messages))]


def text_of(messages: Messages) -> str:
    """The text to translate."""
    return marked(messages)[0]


__all__ = ["Messages", "asked", "marked", "service_on", "text_of"]
