"""A service's batches, for a terminal: one that runs elsewhere, or one within this process."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import click
import httpx
from fastapi import FastAPI

from app.batches import Batches, router
from app.batches.places import data_folder, database_in
from app.callers import Limiter
from app.commands.table import one_line
from app.errors import BatchInvalid, IdempotencyKeyInUse
from app.evaluation.service import in_process
from app.factory import create_app, offers_of
from app.features import features_of
from app.settings import Settings, load_settings
from app.web.idempotency import REPLAYED
from app.web.openapi import text_field
from app.web.problems import install_problem_handlers

T = TypeVar("T")
Report = Mapping[str, Any]

_PATH: Final = "/batches"
_TYPES: Final = {
    ".csv": "text/csv",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}
ENDINGS: Final = tuple(_TYPES)
_AWAY: Final = frozenset({429, 502, 503, 504})  # over after a while, which a batch goes on for
_AWAY_SECONDS: Final = 2.0
_SECONDS: Final = httpx.Timeout(60, read=600)  # to take 100,000 rows in takes its time
_PIECE: Final = 1_048_576
_LINES: Final = 10  # of what is wrong with rows


class Problem(click.ClickException):
    """What a service said that is no success."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            said = response.json()
            self.code = said["code"]
            super().__init__(_in_words(said))
        except (ValueError, LookupError, TypeError):
            self.code = ""
            super().__init__(f"{response.url.host} answered {self.status}; is it the service?")


def _in_words(said: Mapping[str, Any]) -> str:
    errors = said.get("errors", [])
    if said["code"] != BatchInvalid.code or not errors:
        return one_line(f"{said['title']}. {said.get('detail', '')}", widest=1_000)
    count = said["invalid_rows"]
    parts = ((f"line {each['line']}", each["pointer"], each["detail"]) for each in errors[:_LINES])
    lines = [one_line(": ".join(filter(None, each)), widest=200) for each in parts]
    if len(errors) > _LINES:
        lines.append("…")
    rows = "1 row is" if count == 1 else f"{count} rows are"
    head = f"{rows} not valid, so nothing is begun (--skip-invalid does the others)."
    return "\n".join([head, *lines])


class BatchService:
    """Orders batches, and tells how they stand."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def text_field(self, feature: str) -> str:
        """The field of a feature's request for a text alone."""
        response = await self._ask("GET", "/openapi.json")
        path, document = f"/{feature}", response.json()
        if path not in document["paths"]:  # an order for it is refused, with those that there are
            return "text"
        return text_field(document, path)[0]

    async def start(self, file: Path, query: Mapping[str, str], key: str) -> tuple[Report, bool]:
        """Order a batch, or pick up the one that the key stands for; whether it is that one."""
        headers = {"content-type": _TYPES[file.suffix.lower()], "idempotency-key": f'"{key}"'}
        while True:
            with file.open("rb") as opened:
                try:
                    response = await self._ask(
                        "POST", _PATH, params=query, headers=headers, content=_pieces(opened)
                    )
                except Problem as problem:
                    if problem.code != IdempotencyKeyInUse.code:
                        raise
                    await asyncio.sleep(_AWAY_SECONDS)
                else:
                    return response.json(), REPLAYED in response.headers

    async def find(self, batch: str) -> Report:
        """How a batch stands."""
        return (await self._ask("GET", f"{_PATH}/{batch}")).json()

    async def trouble(self) -> str | None:
        """Why the model cannot be asked, as far as the service tells."""
        with suppress(httpx.TransportError, ValueError):
            response = await self._client.get("/readyz")
            return response.json().get("reason")
        return None

    async def list(self, limit: int) -> list[Report]:
        """The newest ones."""
        return (await self._ask("GET", _PATH, params={"limit": limit})).json()["data"]

    async def cancel(self, batch: str) -> Report:
        """End a batch."""
        return (await self._ask("POST", f"{_PATH}/{batch}/cancel")).json()

    async def forget(self, batch: str) -> None:
        """Delete a batch that has ended, so that its key is free."""
        await self._ask("DELETE", f"{_PATH}/{batch}")

    async def save(self, batch: str, out: Path) -> None:
        """Write a batch's results to a file, which is there once it is whole."""
        partial = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            async with self._client.stream("GET", f"{_PATH}/{batch}/results") as response:
                if response.is_error:
                    await response.aread()
                    raise Problem(response)
                with partial.open("wb") as file:
                    async for piece in response.aiter_bytes():
                        file.write(piece)
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        response = await self._client.request(method, path, **request)
        if not response.is_success:
            raise Problem(response)
        return response


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What is asked for, once the service can give it: it may be started anew meanwhile."""
    told = False
    while True:
        try:
            return await ask()
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
        except Problem as problem:
            if problem.status not in _AWAY:
                raise
            why = problem.message
        if not told:
            click.echo(f"\nWaiting for the service: {why}", err=True)
        told = True
        await asyncio.sleep(_AWAY_SECONDS)


def key_of(file: Path, query: Mapping[str, str]) -> str:
    """The key of an order: the same for the same file and options."""
    digest = blake2b(json.dumps(query, sort_keys=True).encode(), digest_size=16)
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


@asynccontextmanager
async def service_at(
    url: str | None, key: str | None, *, works: bool = False
) -> AsyncGenerator[BatchService]:
    """The service at a URL; without one, this process, with or without a model to work with."""
    if url:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS) as client:
            yield BatchService(client)
        return
    given = {} if works else {"model": "openai:any", "base_url": "http://127.0.0.1"}
    settings = load_settings(**given)
    database = settings.database or database_in(data_folder())
    settings = settings.alone().model_copy(update={"log_level": "error", "database": database})
    app = create_app(settings) if works else _reading_room(settings)
    async with in_process(app, settings) as client:
        yield BatchService(client)


def _reading_room(settings: Settings) -> FastAPI:
    """An application that has batches, and works on none."""
    offers = offers_of(features_of(settings))
    limiter = Limiter(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        batches = Batches(
            settings.database,
            kept_days=settings.batch_days,
            limiter=limiter,
            offers=lambda: offers,
        )
        try:
            yield {"batches": batches, "limiter": limiter}
        finally:
            batches.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    install_problem_handlers(app)
    return app


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
