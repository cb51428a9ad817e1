"""Events come in pieces of any size, and their lines end in either way."""

import pytest

from app.gateway.dialects.sse import EventParser

STREAM = (
    b': hello\nevent: x\ndata: {"a": 1}\n\n\nid: 7\ndata:{"b":\ndata: 2}\n\ndata: [DONE]\n\ndata: {'
)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["feed", "return and feed"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events(end: bytes, size: int) -> None:
    stream, parser = STREAM.replace(b"\n", end), EventParser()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    events = [event for piece in pieces for event in parser.feed(piece)]
    told = [b"".join(event.split()) for event in events]
    assert told == [b'{"a":1}', b'{"b":2}', b"[DONE]"]
