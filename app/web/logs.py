"""Logging: one line an event, with the id of the request it belongs to; no line but ours."""

import logging
import traceback
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from typing import Any

from app.callers.key import without_secrets

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def set_request_id(request_id: str) -> None:
    """Name the request of this context."""
    _request_id.set(request_id)


def request_id() -> str:
    """The name of this context's request; a dash outside of any."""
    return _request_id.get()


class _Formatter(logging.Formatter):
    """Adds the request's id, and takes out secrets: an error or an address may quote a key.

    Of an exception it tells what was raised where, but what it says only if ``quotes``: that is often
    what a customer wrote. No text can begin a line of its own.
    """

    def __init__(self, secrets: Collection[str], *, quotes: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._secrets = secrets
        self._quotes = quotes

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = _request_id.get()
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return without_secrets(line)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # the base's name
        if record.name == "asyncio" and not self._quotes:
            record.message = record.message.partition("\n")[0]  # what follows shows exceptions
        return _in_one_line(super().formatMessage(record).rstrip())

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "".join(_told(ei[1], quotes=self._quotes)).rstrip()


def configure_logging(level: str, secrets: Collection[str] = ()) -> None:
    """Log our own, asyncio's and uvicorn's lines to stderr, each with its request's id, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(secrets, quotes=level == "debug"))
    for name in ("app", "asyncio", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False


def _in_one_line(text: str) -> str:
    """A text whose control characters and line ends, of whatever script, are written out."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _told(error: BaseException, *, quotes: bool) -> Iterator[str]:
    """An exception and those it came of, the first one first, as Python would print them."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _told(cause, quotes=quotes)
        yield "Of which came:\n"
    yield from traceback.format_tb(error.__traceback__)
    said = f": {error}" if quotes else ""
    yield _in_one_line(f"{type(error).__qualname__}{said}") + "\n"
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())  # of a group
    for part in parts:
        yield "One of these:\n"
        yield from _told(part, quotes=quotes)
