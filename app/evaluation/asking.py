"""Asks features, through the whole application in process, what is not known yet."""

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx
from pydantic_core import from_json

from app.errors import ConfigurationError
from app.evaluation.identity import identity_of
from app.evaluation.kept import Kept, Said
from app.evaluation.service import in_process
from app.factory import create_app
from app.features import FeaturePackage
from app.features.cases import Case
from app.gateway.call import current_call
from app.gateway.transport import open_http
from app.provision import HttpFactory
from app.settings import Settings

_PATIENT_SECONDS: Final = 600.0  # for a request: how fast a model is, the figures say
_SPENT: Final = re.compile(r"dur=([\d.]+)")  # of Server-Timing, in milliseconds


@dataclass(frozen=True, slots=True)
class Plan:
    """How to ask."""

    repeats: int = 1  # how often each case
    at_once: int | None = None  # cases; None for as many as the model's server takes
    keep: Path | None = None  # folder for what is said, which is not asked again
    fresh: bool = False  # ask again what is kept
    stream: bool = False  # of the features that have one
    open_http: HttpFactory = open_http


@dataclass(frozen=True, slots=True)
class Question:
    """What a feature is asked for the ``repeat``-th time; ``case`` names where it comes from."""

    feature: str
    body: dict[str, Any]
    repeat: int
    case: Case
    stream: bool = False


class Asker:
    """Starts the application once there is something to ask that is not kept."""

    def __init__(
        self,
        packages: Sequence[FeaturePackage],
        settings: Settings,
        plan: Plan,
        stack: AsyncExitStack,
    ) -> None:
        """Find what is kept; ``stack`` is to end the application."""
        ours: dict[str, Any] = {"log_level": "error", "cache_ttl": 0, "store": None}
        for name in ("timeout", "first_token_timeout"):
            ours[name] = max(getattr(settings, name), _PATIENT_SECONDS)
        self._settings = settings.model_copy(update=ours)
        self._packages, self._plan, self._stack = packages, plan, stack
        features = [package.FEATURE for package in packages]
        self.identities = {each.name: identity_of(each, settings) for each in features}
        self._kept = {
            name: Kept(plan.keep, name, identity, fresh=plan.fresh)
            for name, identity in self.identities.items()
        }
        self._client: httpx.AsyncClient | None = None

    def said(self, question: Question) -> Said:
        """What was said to a question that was asked."""
        return self._kept[question.feature].said[self._key(question)]

    async def ask(self, questions: Sequence[Question]) -> None:
        """Ask those whose answer is not known; what is said is kept at once."""
        unknown = {
            key: each
            for each in questions
            if (key := self._key(each)) not in self._kept[each.feature].said
        }
        for repeat in sorted({each.repeat for each in unknown.values()}):
            # One after the other: what is asked twice at once, the gateway asks once.
            await self._ask_all([each for each in unknown.values() if each.repeat == repeat])

    async def _ask_all(self, questions: Sequence[Question]) -> None:
        client = self._client = self._client or await self._start()
        report = (await client.get("/readyz")).json()
        if self._settings.model_name.provider == "embedded" and report["status"] != "ready":
            raise ConfigurationError(f"The model is not ready: {report['reason']}")
        places = asyncio.Semaphore(self._plan.at_once or report["upstream"]["concurrency"])
        hidden = not sys.stderr.isatty()
        try:
            with click.progressbar(length=len(questions), file=sys.stderr, hidden=hidden) as bar:
                async with asyncio.TaskGroup() as group:
                    for question in questions:
                        task = group.create_task(self._ask(client, question, places))
                        task.add_done_callback(lambda _: bar.update(1))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _start(self) -> httpx.AsyncClient:
        app = create_app(self._settings, features=self._packages, open_http=self._plan.open_http)
        return await self._stack.enter_async_context(in_process(app, self._settings))

    async def _ask(
        self, client: httpx.AsyncClient, question: Question, places: asyncio.Semaphore
    ) -> None:
        async with places:
            begun = time.perf_counter()
            path = f"/{question.feature}{'/stream' * question.stream}"
            response = await client.post(path, json=question.body)
            said = _said(response, time.perf_counter() - begun)
        if not said.lasts and response.is_client_error:
            where = f"{question.feature}, case {question.case.id}"
            raise ConfigurationError(f"{where}: the service does not take it: {said.detail}")
        self._kept[question.feature].put(self._key(question), said)

    def _key(self, question: Question) -> str:
        kept = self._kept[question.feature]
        return kept.key(question.body, question.repeat, stream=question.stream)


def _said(response: httpx.Response, seconds: float) -> Said:
    """What came of a request that the service has answered in this very task.

    A stream's head is sent with its first event, and says what was spent until then.
    """
    first, is_problem = None, response.is_error
    last = response.content.rstrip().rpartition(b"\n")[2]  # JSON has no line breaks
    body: dict[str, Any] = from_json(last.removeprefix(b"data: "))
    if response.headers["content-type"].startswith("text/event-stream"):
        is_problem = body["type"] == "failed"
        body = body["problem" if is_problem else "result"]
        first = sum(map(float, _SPENT.findall(response.headers["server-timing"]))) / 1000
    if is_problem:
        return Said(None, body["code"], body["detail"], seconds=seconds)
    return Said(body, repaired=bool(current_call().repairs), seconds=seconds, first=first)
