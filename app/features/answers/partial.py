"""The answer's text out of JSON that is still being written."""

from typing import Any

from pydantic_core import from_json


class AnswerText:
    """Takes a JSON object's text in pieces, and gives its ``answer`` member's text as it grows.

    Attributes:
        shown: what it gave so far.
    """

    def __init__(self) -> None:
        self.shown = ""
        self._text = ""
        self._ended = False

    def feed(self, piece: str) -> str:
        """What the answer has become longer by; half an escape sequence is held back."""
        if self._ended:
            return ""
        self._text += piece
        begin = self._text.find("{")
        if begin < 0:
            return ""
        try:
            known: Any = from_json(self._text[begin:], allow_partial="trailing-strings")
        except ValueError:
            return ""
        answer = known.get("answer") if isinstance(known, dict) else None  # pyright: ignore
        if not isinstance(answer, str):
            return ""
        self._ended = len(known) > 1  # pyright: ignore[reportUnknownArgumentType]
        added = answer[len(self.shown) :]
        self.shown = answer
        return added
