"""The candidate as a shadow: asked what the base model has answered, unseen by the caller."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import from_json
from starlette.types import ASGIApp, Message

from app.errors import ConversationsOff, RecordUnwritten
from app.gateway import BreakerState, ModelGateway
from app.gateway.call import Call, set_call
from app.records import Disagreement, Store
from app.web.logs import set_request_id
from app.web.messages import said_first
from app.web.trial.observed import Observed
from app.web.trial.operations import Operation
from app.web.trial.reports import DifferencesReport

log = logging.getLogger(__name__)

_AT_ONCE: Final = 4
_WAITING: Final = 32
_LARGEST: Final = 1_048_576  # bytes of a request and its reply that may wait


@dataclass(frozen=True, slots=True)
class Answered:
    """A request, ``app`` that answers it, and what the base model's answer was."""

    app: ASGIApp
    scope: Mapping[str, Any]
    body: bytes
    operation: Operation
    observed: Observed
    tenant: bytes
    request_id: str


class Shadow:
    """Asks the candidate the same, a few requests at a time, and compares; the rest is dropped.

    Nothing begins while calls queue for the base model, or the candidate is down or starting. Where
    the candidate has its engine on this machine, nothing begins while a caller waits, and what has
    begun is given up for one.
    """

    def __init__(
        self, gateway: ModelGateway, candidate: ModelGateway, store: Store | None, *, yields: bool
    ) -> None:
        """Keep disagreements in the store, if there is one; ``yields`` to callers on one machine."""
        self._gateway = gateway
        self._candidate = candidate
        self._store = store
        self._yields = yields
        self._callers = 0
        self._waiting: deque[Answered] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self.dropped = 0  # requests that there was no room for, or that came to nothing here
        self.features: defaultdict[str, DifferencesReport] = defaultdict(DifferencesReport)

    def caller_came(self) -> None:
        """Somebody waits for the base model."""
        self._callers += 1
        if self._yields:
            for task in self._running:
                task.cancel()

    def caller_went(self) -> None:
        """Somebody has the answer, or left."""
        self._callers -= 1
        self._start()

    def offer(self, answered: Answered) -> None:
        """Ask the candidate, too, when there is room."""
        if not answered.observed.is_well:
            return
        size = len(answered.body) + answered.observed.size
        if len(self._waiting) >= _WAITING or size > _LARGEST:
            self.dropped += 1
        else:
            self._waiting.append(answered)

    async def aclose(self) -> None:
        """Give up what is under way."""
        self._waiting.clear()
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _start(self) -> None:
        most = 1 if self._yields else _AT_ONCE
        while self._waiting and len(self._running) < most and self._is_spare():
            task = asyncio.get_running_loop().create_task(self._ask(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _is_spare(self) -> bool:
        is_down = not self._candidate.is_up or self._candidate.breaker.state is BreakerState.OPEN
        is_busy = self._gateway.admission.queued or (self._yields and self._callers)
        return not (is_down or is_busy)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error or task.cancelled():
            self.dropped += 1
        if error:
            log.error("The shadow failed in a way that nobody foresaw.", exc_info=error)
        self._start()

    async def _ask(self, answered: Answered) -> None:
        failed, given = answered.observed.outcome()
        if failed:  # a stream, in its end
            return
        set_request_id(f"shadow-{answered.request_id}")
        set_call(Call(tenant=answered.tenant))
        state = {**answered.scope["state"], "gateway": self._candidate, "store": None}
        message = {"type": "http.request", "body": answered.body, "more_body": False}
        observed = Observed(_to_nobody)
        scope = {**answered.scope, "state": state}
        await answered.app(scope, said_first(message, _nothing_more), observed.send)
        problem, reply = observed.outcome()
        differences = self.features[answered.operation.feature]
        if problem == ConversationsOff.code:
            self.dropped += 1  # what is kept of a conversation has gone on meanwhile
        elif problem:
            differences.problems[problem] += 1
        else:
            differences.compared += 1
            await self._compare(answered, given, reply, differences)

    async def _compare(
        self, answered: Answered, given: JsonValue, reply: JsonValue, differences: DifferencesReport
    ) -> None:
        feature = answered.operation.feature
        fields = answered.operation.differences(given, reply)
        if not fields:
            return
        differences.disagreed += 1
        differences.fields.update(fields)
        log.info("The candidate disagrees on %s: %s.", feature, ", ".join(fields))
        if self._store is None:
            return
        try:
            request = from_json(answered.body)
            kept = Disagreement(datetime.now(UTC), feature, fields, request, given, reply)
            await asyncio.to_thread(self._store.keep_disagreement, kept)
        except ValueError:
            log.debug("A request that is not JSON is not kept.")
        except RecordUnwritten:
            log.exception("The disagreement could not be kept.")


async def _nothing_more() -> Message:
    """What a caller says who stays and is silent."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def _to_nobody(_message: Message) -> None:
    """Nobody sees what the candidate answers."""
