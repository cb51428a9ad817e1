"""HTTP/1.1 on a connection, as uvicorn and h11 read it, with callers who mean no good."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from app.errors import GroundworkError, InvalidHttp, RequestTimeout
from app.web.problems import problem_response


class Connection(H11Protocol):
    """A connection that is closed when the next request does not come in time.

    A request's head has ``read_timeout`` seconds, from the connection's or its own beginning, and so
    has what is left of a body that was refused. (``RequestFrame`` sees to other bodies, uvicorn to the
    time between requests.) What is no HTTP is answered with a problem, like all else.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seconds: float = self.app_state["settings"].read_timeout
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_incomplete():
            self._watch()
        else:
            self._unwatch()

    def send_400_response(self, msg: str) -> None:
        self._refuse(InvalidHttp(msg))

    def _is_incomplete(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _watch(self) -> None:
        if self._alarm is None and not self.transport.is_closing():
            self._alarm = self.loop.call_later(self._seconds, self._on_alarm)

    def _unwatch(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None

    def _on_alarm(self) -> None:
        self._alarm = None
        state = self.conn.their_state
        if state is h11.SEND_BODY and not self.cycle.response_complete:
            self._watch()
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(RequestTimeout(f"The head took more than {self._seconds:g} seconds."))
        else:
            self.transport.close()

    def _refuse(self, error: GroundworkError) -> None:
        """Answer with a problem where there is no answer yet, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = problem_response(error)
            events = (
                h11.Response(
                    status_code=error.status,
                    headers=[*self.server_state.default_headers, *response.raw_headers],
                    reason=STATUS_PHRASES[error.status],
                ),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            )
            for event in events:
                self.transport.write(self.conn.send(event))
        self.transport.close()
