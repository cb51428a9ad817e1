"""Hands a request to the model that is to answer it, and looks at what came of it. Pure ASGI."""

import re
from typing import Final

from pydantic_core import from_json
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import GroundworkError
from app.gateway.call import Call, current_call
from app.web.logs import request_id
from app.web.messages import said_first
from app.web.trial.observed import Observed
from app.web.trial.operations import Operation
from app.web.trial.shadow import Answered
from app.web.trial.trial import Trial

_FEEDBACK: Final = re.compile(r"/([^/]+)/[^/]+/feedback")


class OnTrial:
    """Stands within the frame of every request, around the features, which know nothing of it.

    The features find their gateway in the state: there the candidate's is put for a canary. All
    else happens when the response has been sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or current_call().background:
            await self._app(scope, receive, send)
            return
        trial: Trial = scope["state"]["trial"]
        if operation := trial.operations.find(scope["path"]):
            await self._answer(trial, operation, scope, receive, send)
        elif trial.canary_share and (said := _FEEDBACK.fullmatch(scope["path"])):
            await self._take(trial, said[1], scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(
        self, trial: Trial, operation: Operation, scope: Scope, receive: Receive, send: Send
    ) -> None:
        call = current_call()
        # While the candidate's engine starts, it answers nobody.
        is_canary = trial.is_canary(_tenant(call, scope)) and trial.candidate.is_up
        message = await receive()  # the frame gives the whole body in one
        observed = Observed(send)
        asked = dict(scope)  # routing writes into it
        if is_canary:
            asked["state"] = {**scope["state"], "gateway": trial.candidate}
            call.answered_by = trial.candidate.model
        trial.shadow.caller_came()
        try:
            await self._app(asked, said_first(message, receive), observed.send)
            if trial.canary_share:
                trial.count(operation.feature, observed, call, is_canary=is_canary)
            if operation.closed is not None and not call.answered_by and trial.is_shadowed():
                body = message.get("body", b"")
                told = (observed, call.tenant, request_id())
                trial.shadow.offer(Answered(self._app, scope, body, operation, *told))
        except Exception:
            if trial.canary_share:
                trial.count_problem(operation.feature, GroundworkError.code, is_canary=is_canary)
            raise
        finally:
            trial.shadow.caller_went()

    async def _take(
        self, trial: Trial, feature: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let feedback pass; it counts for the model that answers its caller."""
        is_canary = trial.is_canary(_tenant(current_call(), scope))
        message, observed = await receive(), Observed(send)
        await self._app(scope, said_first(message, receive), observed.send)
        if observed.is_well:
            rating = from_json(message["body"])["rating"]
            trial.figures[feature][is_canary].feedback[rating] += 1


def _tenant(call: Call, scope: Scope) -> bytes:
    """What the gateway's cache knows a caller by, or else the address."""
    return call.tenant or str((scope.get("client") or ("",))[0]).encode()
