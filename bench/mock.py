"""A model server that costs next to nothing: OpenAI chat completions with prepared answers.

A process of its own. It prints its port, and answers tickets, questions and reviews, each alike,
after a delay that ``PUT /delay/<milliseconds>`` sets. The number after ``case-`` in a request comes
back in the answer, so that whoever asked can tell that the answer is to their own question.
``GET /last`` gives the body of the last request that had such a number. Token probabilities are not
told, whoever asks for them, but for those of tickets after ``PUT /probabilities/1``. A model whose
name is ``hangs`` never answers.
"""

import asyncio
import json
import selectors
from typing import Any

from bench.cases import DELTAS, DIGITS, MARK, NONE, TICKET, TRANSLATION, USAGE, probabilities_of

GAP_SECONDS = 0.001  # between two events of a stream
ALTERNATIVES = 5  # that are told for each token
HANGS = "hangs"


def _response(body: bytes, content_type: str = "application/json") -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _completion(text: str, alternatives: int = 0) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    told = {"content": list(probabilities_of(text, alternatives))} if alternatives else None
    choice = {"index": 0, "message": message, "logprobs": told, "finish_reason": "stop"}
    return json.dumps(_envelope("chat.completion", [choice], USAGE)).encode()


def _envelope(kind: str, choices: list[dict[str, Any]], usage: object) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1,
        "model": "mock",
        "choices": choices,
        "usage": usage,
    }


def _events() -> list[bytes]:
    """The stream's events, each as a chunk of a chunked body."""
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": text}, None) for text in DELTAS]
    deltas.append(({}, "stop"))
    frames = [
        _envelope(
            "chat.completion.chunk",
            [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
            None,
        )
        for delta, finish in deltas
    ]
    frames.append(_envelope("chat.completion.chunk", [], USAGE))
    data = [json.dumps(frame).encode() for frame in frames] + [b"[DONE]"]
    return [_chunk(b"data: " + item + b"\n\n") for item in data]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_WRITTEN = json.dumps(TICKET, separators=(",", ":"))
_TICKETS = tuple(_response(_completion(_WRITTEN, told)) for told in (0, ALTERNATIVES))
_TRANSLATION = _response(_completion(TRANSLATION))
_MODELS = _response(
    json.dumps({"object": "list", "data": [{"id": "mock", "object": "model"}]}).encode()
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_STREAM = _events()
_STREAM_END = b"0\r\n\r\n"
_HANGS = f'"model":"{HANGS}"'.encode()


def _other(body: bytes) -> bytes:
    """The answer to what is no case of ours: a question by which a service tries the server out.

    It keeps the schema, as a model does that is guided by it.
    """
    asked: dict[str, Any] = json.loads(body).get("response_format") or {}
    named: dict[str, Any] = asked.get("json_schema") or {"schema": {}}
    properties: dict[str, dict[str, Any]] = named["schema"].get("properties") or {}
    said = {name: (each.get("enum") or [""])[0] for name, each in properties.items()}
    return _response(_completion(json.dumps(said)))


class _State:
    delay = 0.0
    tells = False
    last = b""


class MockServer(asyncio.Protocol):
    """One connection."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0
        if len(buffer) < end + length:
            return
        self._buffer = buffer[end + length :]
        if head.startswith(b"post"):
            self._complete(buffer[end : end + length])
        else:
            self._transport.write(self._small(head))

    def _small(self, head: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        what, _, value = path.rpartition(b"/")
        if method == b"put" and what == b"/delay":
            self._state.delay = int(value) / 1000
        elif method == b"put":
            self._state.tells = value == b"1"
        if path == b"/last":
            return _response(self._state.last)
        return _MODELS

    def _complete(self, body: bytes) -> None:
        if _HANGS in body:
            return
        at = body.rfind(MARK)
        if at < 0:
            self._write(_other(body))
            return
        number = body[at + len(MARK) : at + len(MARK) + DIGITS]
        self._state.last = body
        if b'"stream":true' in body or b'"stream": true' in body:
            self._later(self._state.delay, self._stream, number)
            return
        tickets = _TICKETS[self._state.tells]
        answer = tickets if b"json_schema" in body else _TRANSLATION
        self._later(self._state.delay, self._write, answer.replace(NONE, number, 1))

    def _stream(self, number: bytes) -> None:
        self._write(_STREAM_HEAD + _STREAM[0])
        self._next_event(1, number)

    def _next_event(self, index: int, number: bytes) -> None:
        event = _STREAM[index].replace(NONE, number)
        if index + 1 == len(_STREAM):
            self._write(event + _STREAM_END)
            return
        self._write(event)
        self._later(GAP_SECONDS, self._next_event, index + 1, number)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _later(self, seconds: float, call: Any, *arguments: Any) -> None:
        if seconds:
            self._loop.call_later(seconds, call, *arguments)
        else:
            call(*arguments)


async def _serve() -> None:
    state = _State()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: MockServer(state), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def fine_loop() -> asyncio.SelectorEventLoop:
    """A loop whose timers are exact: epoll's, asyncio's choice, are rounded up to 1 ms."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fine_loop) as runner:
        runner.run(_serve())
