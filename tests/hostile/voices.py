"""What the hostile upstream says in each dialect, as bytes that are ready to send."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.hostile.replies import MESSAGES, STREAMS, Dialect

__all__ = ["NOTE", "VOICES", "Dialect", "Voice", "failure_body"]

NOTE = "what only the hostile upstream says"
"""Is in every error and garbage that it sends: it may go to a log, never to a caller."""

_MARK = "@@"
_PIECE = 16  # characters of a delta


@dataclass(frozen=True, slots=True)
class Voice:
    """One dialect's messages, cut around the text that varies.

    Attributes:
        message: a whole JSON answer before and after its text.
        lead: the frames of a stream before the first delta.
        delta: the frame of a delta before and after its text.
        tail: the frames after the last delta, up to the terminator.
        empty_message: a JSON answer without any choice or block.
        empty_stream: all frames of a stream without any choice or block.
        ping: a frame that says nothing.
        failure: a frame that reports an error.
    """

    message: tuple[bytes, bytes]
    lead: tuple[bytes, ...]
    delta: tuple[bytes, bytes]
    tail: tuple[bytes, ...]
    empty_message: bytes
    empty_stream: tuple[bytes, ...]
    ping: bytes
    failure: bytes

    def whole(self, text: str) -> bytes:
        """A JSON answer that says ``text``."""
        return self.message[0] + _inside_json(text) + self.message[1]

    def deltas(self, text: str) -> Iterator[bytes]:
        """The frames of a stream that say ``text``."""
        for start in range(0, len(text), _PIECE):
            yield self.delta[0] + _inside_json(text[start : start + _PIECE]) + self.delta[1]

    def stream(self, text: str) -> Iterator[bytes]:
        """All frames of a stream that says ``text``."""
        yield from self.lead
        yield from self.deltas(text)
        yield from self.tail


def _inside_json(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def _cut(content: bytes) -> tuple[bytes, bytes]:
    before, mark, after = content.partition(_MARK.encode())
    assert mark
    return before, after


def _voice(dialect: Dialect, *, empty: str, ping: bytes, failure: bytes) -> Voice:
    """``empty`` names the list that an empty answer has nothing in."""
    frames = STREAMS[dialect]([_MARK])
    place = next(number for number, frame in enumerate(frames) if _MARK.encode() in frame)
    message = MESSAGES[dialect](_MARK)
    says_no_choice = [frame for frame in STREAMS[dialect]([]) if b'"index":0' not in frame]
    return Voice(
        message=_cut(message),
        lead=frames[:place],
        delta=_cut(frames[place]),
        tail=frames[place + 1 :],
        empty_message=json.dumps(json.loads(message) | {empty: []}).encode(),
        empty_stream=tuple(says_no_choice),
        ping=ping,
        failure=failure,
    )


def _error(**error: object) -> bytes:
    return json.dumps(error | {"message": NOTE}).encode()


VOICES: dict[Dialect, Voice] = {
    "openai": _voice(
        "openai",
        empty="choices",
        ping=b": ping\n\n",
        failure=b'data: {"error": %b}\n\n' % _error(type="server_error", code=503),
    ),
    "anthropic": _voice(
        "anthropic",
        empty="content",
        ping=b'event: ping\ndata: {"type": "ping"}\n\n',
        failure=b'event: error\ndata: {"type": "error", "error": %b}\n\n'
        % _error(type="overloaded_error"),
    ),
}


def failure_body(dialect: Dialect, status: int, note: str = NOTE) -> bytes:
    """The JSON body of an answer with an error's ``status``."""
    error = {"type": f"error_{status}", "message": note}
    named = {"type": "error"} if dialect == "anthropic" else {}
    return json.dumps({**named, "error": error}).encode()
