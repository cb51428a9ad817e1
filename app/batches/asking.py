"""Asks a feature's own endpoint within the process: what a row gets is what its caller would get."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from starlette.types import ASGIApp, Message, Scope

from app.callers import Caller, Limiter
from app.errors import GroundworkError, ModelError, NotFound, QuotaExceeded, RequestError
from app.gateway import Usage
from app.gateway.call import Call, set_call
from app.web.deps import State
from app.web.frame import INSIDE
from app.web.messages import START
from app.web.problems import logged, problem_response

_HEADERS: Final = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint replied.

    Attributes:
        problem: what kind of error, if it is one.
        retry_after: seconds that it asks to wait.
        upstream_seconds: of those it took, how many the model had.
    """

    status: int
    body: bytes
    problem: type[GroundworkError] | None
    retry_after: float
    upstream_seconds: float

    @property
    def is_final(self) -> bool:
        """Whether it would be the same if it was asked again."""
        problem = self.problem
        if problem is None:
            return True
        return issubclass(problem, RequestError | ModelError) and not self.is_postponed

    @property
    def is_postponed(self) -> bool:
        """Whether the caller may not have it now, or the feature is not there now."""
        return self.problem is not None and issubclass(self.problem, QuotaExceeded | NotFound)

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Input, output, and what of the input a cache gave."""
        if self.problem:
            return 0, 0, 0
        usage: dict[str, int] = from_json(self.body).get("usage", {})
        told = (usage.get(f"{name}_tokens", 0) for name in ("input", "output", "cached_input"))
        return next(told), next(told), next(told)


class Asker:
    """Asks the application in the name of a caller, behind all who wait for their answers."""

    def __init__(self, app: ASGIApp, state: State, limiter: Limiter) -> None:
        self._app = app
        self._state: dict[str, Any] = dict(state)
        self._limiter = limiter

    async def ask(self, feature: str, body: bytes, caller: Caller, gateway: object = None) -> Reply:
        """The reply to one request; ``gateway`` is what its feature asks, if it is another."""
        call = Call(caller=caller, tenant=caller.tenant.encode(), background=True)
        call.allowance = self._limiter.allowance(caller)
        set_call(call)
        path = f"/{feature}"
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": _HEADERS,
            "client": None,
            "server": None,
            "state": self._state | ({"gateway": gateway} if gateway else {}),
            INSIDE: call,
        }
        received = _Received(body)
        try:
            await self._app(scope, received.receive, received.send)
        except Exception as error:  # noqa: BLE001 # as the frame of every request does
            received.pieces.clear()
            await problem_response(logged(error))(scope, received.receive, received.send)
        return Reply(
            received.status,
            b"".join(received.pieces),
            call.problem,
            float(received.headers.get(b"retry-after", b"0")),
            call.spent()["upstream"],
        )

    async def spend(self, caller: Caller, usage: Usage, share: float) -> None:
        """Count for a caller's limits what the model server's own batch took, at a share of the price."""
        allowance = self._limiter.allowance(caller)
        if allowance and allowance.is_metered:
            tokens = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)
            await allowance.spend(tokens, share)


class _Received:
    """A caller who keeps what is sent."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == START:
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.pieces.append(message.get("body", b""))
